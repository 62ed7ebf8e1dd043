"""Routes of review: cases, schemes and term lists."""

from gateway.operations import Operation, route
from gateway.resources.reviews import Reviews, ReviewSchemes, TermLists
from gateway.routes.rows import does, lists, makes, reads
from gateway.schemas import without
from gateway.schemas.review import Case, OneCase, OneTermList, Scheme, TermList, Tried
from shared.contracts.review import requests as review

CASE = "/v1/reviews/{case_id:uuid}"
SCHEME = "/v1/review-schemes/{scheme_id:uuid}"
LIST = "/v1/term-lists/{list_id:uuid}"
MAX_LIST_BYTES = 4 * 1024 * 1024

ROUTES = (
    route("/v1/reviews", Reviews, GET=lists("review.read", "Cases, longest waiting first.", review.ListCases, Case)),
    route(CASE, Reviews, "one", GET=reads("review.read", "A case with its findings.", OneCase)),
    route(CASE + "/claim", Reviews, "claim",
          POST=does("review.decide", "Claim a case.", without(review.ClaimCase, "case_id")),
          DELETE=does("review.decide", "Release a case.")),
    route(CASE + "/decision", Reviews, "decision",
          POST=does("review.decide", "Decide a case.", without(review.DecideCase, "case_id"))),
    route("/v1/review-schemes", ReviewSchemes,
          GET=lists("review.read", "Review schemes.", review.ListSchemes, Scheme),
          POST=makes("scheme.write", "Adopt a scheme, or its next version.", review.AdoptScheme())),
    route(SCHEME, ReviewSchemes, "one",
          DELETE=does("scheme.write", "Retire a scheme.", query=without(review.RetireScheme, "scheme_id"))),
    route("/v1/term-lists", TermLists,
          GET=lists("term_list.read", "Term lists.", review.ListTermLists, TermList),
          POST=makes("term_list.write", "Publish a term list.", without(review.PublishTermList, "list_id"),
                     MAX_LIST_BYTES)),
    route("/v1/term-lists/trial", TermLists, "trial",
          POST=Operation(action="article.write", summary="Check a text with terms, or with the lists in force.",
                         body=review.TryTerms(), answer=Tried(), max_bytes=MAX_LIST_BYTES)),
    route(LIST, TermLists, "one",
          GET=reads("term_list.read", "A term list with its terms; ``version`` for an earlier one.", OneTermList,
                    without(review.GetTermList, "list_id")),
          PUT=does("term_list.write", "Publish a list's next version.", without(review.PublishTermList, "list_id"),
                   max_bytes=MAX_LIST_BYTES)),
)  # fmt: skip
