// Forms: labelled fields, what is missing said beside the field, and the server's reasons too.
import { h } from "./dom.js";
import { fromLocal, toLocal } from "./format.js";
import { reasonText } from "./problems.js";
import { t, word } from "./words.js";

let count = 0;

// fields: [{name, type, value, required, options: [[value, text]], hint, rows, label, max, optional…}]
export function makeForm(fields, { columns = false } = {}) {
  const made = fields.map(makeField);
  return {
    element: h("div", { class: columns ? "fields fields-two" : "fields" }, made.map((each) => each.element)),
    values: () => Object.fromEntries(made.map((each) => [each.name, each.read()]).filter(([, value]) => value !== undefined)),
    input: (name) => made.find((each) => each.name === name).input,
    check() {
      const bad = made.filter((each) => !each.check());
      bad[0]?.input.focus();
      return bad.length === 0;
    },
    blame(problem) {
      for (const { field, reason } of problem.errors || []) {
        made.find((each) => each.name === field.split(".")[0])?.blame(reasonText(reason));
      }
    },
  };
}

function makeField(field) {
  if (field.type === "checks") return makeChecks(field);
  if (field.name === "unit_id" && field.options && !field.options.length) field = { ...field, hint: t("form.no_unit") };
  const id = `field-${(count += 1)}`;
  const input = makeInput(field, id);
  const trouble = h("div", { class: "invalid-feedback", id: `${id}-trouble` });
  const blame = (reason) => {
    trouble.textContent = reason;
    input.classList.add("is-invalid");
    input.setAttribute("aria-invalid", "true");
  };
  input.addEventListener("input", () => {
    input.classList.remove("is-invalid");
    input.removeAttribute("aria-invalid");
  });
  const label = field.label ?? word("field", field.name);
  return {
    name: field.name, input, blame,
    element: h("div", { class: `field${field.wide ? " field-wide" : ""}` },
      h("label", { class: `form-label${field.required ? " required" : ""}`, for: id }, label),
      input, field.suggest && h("datalist", { id: `${id}-list` }, field.suggest.map((each) => h("option", { value: each }))), trouble, field.hint && h("div", { class: "form-hint", id: `${id}-hint` }, field.hint)),
    read: () => readInput(field, input),
    check() {
      const text = input.value.trim();
      if (field.required && !text) blame(t("form.needed"));
      else if (!input.checkValidity()) blame(whatIsWrong(field, input));
      else return true;
      return false;
    },
  };
}

// In the language of the page: the browser's own words are in the browser's.
function whatIsWrong(field, input) {
  const { rangeUnderflow, rangeOverflow } = input.validity;
  if (rangeUnderflow) return t("form.at_least", { n: field.min });
  if (rangeOverflow) return t("form.at_most", { n: field.most });
  return t({ url: "form.url", number: "form.number", email: "form.email" }[field.type] || "form.wrong");
}

// Several of `options`; none unless the field is required.
function makeChecks(field) {
  const id = `field-${(count += 1)}`;
  const boxes = field.options.map(([value, text], at) => {
    const input = h("input", { class: "form-check-input", type: "checkbox", id: `${id}-${at}`, value, checked: (field.value || []).includes(value) });
    return [value, input, h("div", { class: "form-check form-check-inline" }, input, h("label", { class: "form-check-label", for: `${id}-${at}` }, text))];
  });
  const trouble = h("div", { class: "text-red small", id: `${id}-trouble`, role: "alert" });
  const read = () => boxes.filter(([, input]) => input.checked).map(([value]) => value);
  const blame = (reason) => (trouble.textContent = reason);
  const element = h("fieldset", { class: `field${field.wide ? " field-wide" : ""}`, "aria-describedby": trouble.id, onchange: () => blame("") },
    h("legend", { class: `form-label${field.required ? " required" : ""}` }, field.label ?? word("field", field.name)), h("div", { class: "checks" }, boxes.map(([, , box]) => box)), trouble, field.hint && h("div", { class: "form-hint" }, field.hint));
  return { name: field.name, input: boxes[0]?.[1], element, read, blame, check: () => !field.required || read().length > 0 || blame(t("form.needed")) === "" };
}

function makeInput(field, id) {
  const common = { id, name: field.name, required: field.required, "aria-describedby": `${id}-trouble${field.hint ? ` ${id}-hint` : ""}`, autocomplete: "off" };
  if (field.type === "select") {
    const select = h("select", { ...common, class: "form-select" }, field.options.map(([value, text]) => h("option", { value }, text)));
    if (field.value !== undefined && field.value !== null) select.value = field.value;
    return select;
  }
  if (field.type === "textarea") {
    return h("textarea", { ...common, class: "form-control", rows: field.rows || 4, maxlength: field.max, value: field.value ?? "" });
  }
  const value = field.type === "datetime-local" ? toLocal(field.value) : (field.value ?? "");
  return h("input", { ...common, class: "form-control", type: field.type || "text", value, maxlength: field.max, min: field.min, max: field.most, placeholder: field.placeholder, list: field.suggest && `${id}-list` });
}

function readInput(field, input) {
  const text = input.value.trim();
  if (field.type === "datetime-local") return text ? fromLocal(text) : field.empty;
  if (field.type === "number") return text ? Number(text) : field.empty;
  if (field.list) return text ? text.split(/[,，、;；\s]+/).filter(Boolean) : [];
  return text || field.empty;
}
