"""Who may do what over HTTP, written down once more by hand: a new operation needs a line here.

A admin, O office editor, C college editor, R correspondent, P photographer, V viewer, X ops; ``*`` anybody signed in,
``-`` anybody at all.
"""

from shared.roles import Role

LETTERS: dict[str, Role] = {
    "A": "admin",
    "O": "office_editor",
    "C": "college_editor",
    "R": "correspondent",
    "P": "photographer",
    "V": "viewer",
    "X": "ops",
}
POLICY = """
GET    /v1/matrix                                              AOCRPVX
GET    /v1/stream                                              AOCRPVX
GET    /v1/figures                                             AOCRPV
POST   /v1/figures                                             AO
GET    /v1/figures/{name}/events                               AOCRPV
GET    /v1/policies/timeliness                                 AOCRPV
POST   /v1/policies/timeliness                                 AO
GET    /v1/policies/timeliness/judgements                      AOCRPV
GET    /v1/units                                               AOCRPV
POST   /v1/units                                               AO
GET    /v1/units/{unit_id}                                     AOCRPV
POST   /v1/units/{unit_id}/name                                AO
POST   /v1/units/{unit_id}/parent                              AO
POST   /v1/units/{unit_id}/merger                              AO
GET    /v1/channels                                            AOCRPV
POST   /v1/channels                                            AOC
GET    /v1/channels/{channel_id}                               AOCRPV
POST   /v1/channels/{channel_id}/status                        AOC
POST   /v1/channels/{channel_id}/name                          AOC
POST   /v1/channels/{channel_id}/snapshots                     AOC
GET    /v1/articles                                            AOCRPV
POST   /v1/articles                                            AOCR
GET    /v1/articles/{article_id}                               AOCRPV
PATCH  /v1/articles/{article_id}                               AOCR
POST   /v1/articles/{article_id}/submission                    AOCR
POST   /v1/articles/{article_id}/withdrawal                    AOCR
GET    /v1/articles/{article_id}/revisions                     AOCRPV
POST   /v1/articles/{article_id}/publications                  AOC
DELETE /v1/articles/{article_id}/publications/{publication_id} AOC
PUT    /v1/articles/{article_id}/publications/{publication_id}/receipt AOC
POST   /v1/articles/{article_id}/reads                         AOC
GET    /v1/reviews                                             AOCRPV
GET    /v1/reviews/{case_id}                                   AOCRPV
POST   /v1/reviews/{case_id}/claim                             AOC
DELETE /v1/reviews/{case_id}/claim                             AOC
POST   /v1/reviews/{case_id}/decision                          AOC
GET    /v1/review-schemes                                      AOCRPV
POST   /v1/review-schemes                                      AO
DELETE /v1/review-schemes/{scheme_id}                          AO
GET    /v1/term-lists                                          AOCRPV
POST   /v1/term-lists                                          AO
POST   /v1/term-lists/trial                                    AOCR
GET    /v1/term-lists/{list_id}                                AOCRPV
PUT    /v1/term-lists/{list_id}                                AO
GET    /v1/assets                                              AOCRPV
GET    /v1/assets/{asset_id}                                   AOCRPV
PATCH  /v1/assets/{asset_id}                                   AOCRP
POST   /v1/assets/{asset_id}/withdrawal                        AOCRP
GET    /v1/assets/{asset_id}/renditions/{name}                 AOCRPV
POST   /v1/assets/uploads                                      AOCRP
HEAD   /v1/assets/uploads/{upload_id}                          AOCRP
PATCH  /v1/assets/uploads/{upload_id}                          AOCRP
DELETE /v1/assets/uploads/{upload_id}                          AOCRP
GET    /v1/shoots                                              AOCRPV
POST   /v1/shoots                                              AOCP
GET    /v1/shoots/{shoot_id}                                   AOCRPV
POST   /v1/shoots/{shoot_id}/completion                        AOCP
POST   /v1/shoots/{shoot_id}/photographs                       AOCP
GET    /v1/live-streams                                        AOCRPV
POST   /v1/live-streams                                        AOC
GET    /v1/live-streams/{stream_id}                            AOCRPV
POST   /v1/live-streams/{stream_id}/start                      AOC
POST   /v1/live-streams/{stream_id}/viewers                    AOC
POST   /v1/live-streams/{stream_id}/end                        AOC
GET    /v1/training-sessions                                   AOCRPV
POST   /v1/training-sessions                                   AOC
GET    /v1/training-sessions/{session_id}                      AOCRPV
POST   /v1/training-sessions/{session_id}/attendances          AOC
POST   /v1/training-sessions/{session_id}/completion           AOC
POST   /v1/training-sessions/{session_id}/cancellation         AOC
GET    /v1/imports                                             AOCR
POST   /v1/imports                                             AOCR
GET    /v1/imports/{import_id}                                 AOCR
DELETE /v1/imports/{import_id}                                 AOCR
GET    /v1/imports/{import_id}/rows                            AOCR
GET    /v1/imports/{import_id}/report                          AOCR
POST   /v1/batch                                               *
POST   /v1/session                                             -
DELETE /v1/session                                             *
DELETE /v1/sessions                                            *
GET    /v1/me                                                  *
PUT    /v1/me/password                                         *
GET    /v1/people                                              *
GET    /v1/accounts                                            A
POST   /v1/accounts                                            A
GET    /v1/accounts/{account_id}                               A
PATCH  /v1/accounts/{account_id}                               A
POST   /v1/accounts/{account_id}/keys                          A
POST   /v1/accounts/{account_id}/password                      A
DELETE /v1/accounts/{account_id}/password                      A
DELETE /v1/accounts/{account_id}/sessions                      A
DELETE /v1/keys/{key_id}                                       A
GET    /v1/openapi.json                                        -
GET    /livez                                                  -
GET    /readyz                                                 -
GET    /metrics                                                -
"""


def allowed() -> dict[tuple[str, str], str]:
    """Return the letters by method and path."""
    rows = [line.split() for line in POLICY.strip().splitlines()]
    return {(method, path): letters for method, path, letters in rows}
