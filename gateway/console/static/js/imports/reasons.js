// Why a row could not be imported, in the reader's language where the reason is one of the usual ones.
import { language, t, word } from "../lib/words.js";

const USUAL = [
  [/^missing$/, "missing"], [/^a rounded number/, "rounded"], [/^no whole number/, "whole"], [/^not from 0/, "whole"],
  [/^no day or moment|^no such moment|^not a year/, "moment"], [/^in review/, "waits"], [/^the rights of/, "refused"],
  [/^a service does not answer/, "silent"], [/^the server failed/, "failed"], [/^given up/, "given_up"], [/^Must be one of/, "one_of"], [/^(Longer|Length)/, "length"],
];

export function reasonOf({ field, reason }) {
  if (!reason) return "";
  const known = word("problem", field);
  if (known !== String(field ?? "") && known !== `problem.${field}`) return language === "en" ? reason : known;
  const usual = USUAL.find(([pattern]) => pattern.test(reason));
  const said = usual && language !== "en" ? t(`reason.${usual[1]}`) : reason;
  return field && !field.includes(".") ? `${word("field", field)}${t("colon")}${said}` : said;
}
