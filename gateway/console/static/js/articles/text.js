// Between what an author types (paragraphs) and what an article holds (simple HTML).

const PARAGRAPHS = /^(\s*<p>([^<]|<br\s*\/?>)*<\/p>\s*)*$/i;

export function toHtml(text) {
  const paragraphs = text.split(/\n\s*\n/).map((each) => each.trim()).filter(Boolean);
  return paragraphs.map((each) => `<p>${escape(each).replaceAll("\n", "<br>")}</p>`).join("\n");
}

// Gives {text, plain}: paragraphs as text, or the HTML itself where there is more in it than paragraphs.
export function toText(html) {
  if (!PARAGRAPHS.test(html)) return { text: html, plain: false };
  const page = new DOMParser().parseFromString(html, "text/html"); // inert: nothing in it runs or loads
  const paragraphs = [...page.body.querySelectorAll("p")].map((p) =>
    [...p.childNodes].map((node) => (node.nodeName === "BR" ? "\n" : node.textContent)).join(""));
  return { text: paragraphs.join("\n\n"), plain: true };
}

function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
