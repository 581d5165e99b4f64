/* Optional help on the pages without navigation (consent form, receipt, sign-in, errors). Every page
   works without it. All sentences come from the server through these attributes:

   fieldset[data-selection]    one list of services
     data-one, data-other      "**{count}** of {total} selected", by plural category of the page's language
     [data-tools]              search, buttons and count; sent hidden, shown here
     input[data-search]        filters rows by their text; [data-empty] shows when nothing matches
     button[data-select]       "all" or "none": ticks or clears the rows that are visible and enabled
     button[data-chosen]       toggle (aria-pressed): show ticked rows only
     [data-count]              receives the count sentence
     [data-row]                one row with one checkbox whose value identifies the service
     input[data-later]         the box "also services I add later", outside the rows
   [data-summary]              live sentence over all lists; services are counted once
     data-none, data-one, data-other, data-later, data-one-later, data-other-later
                               {count} is filled in, **text** becomes bold
   form[data-once]             a second submit is ignored; the pressed button shows its data-busy text
   button[data-print]          prints; sent hidden, shown here. Closed details open on paper.
   [data-needs-script]         any part that is sent hidden and shown here
   [data-session="1200"]       seconds until the session ends; optional data-extend="/url" (POST)
     [data-session-warning]    shown two minutes before; button[data-extend-session] inside extends
     [data-session-ended]      shown when it has ended
*/
(function () {
  "use strict";
  const lang = document.documentElement.lang || "en";
  const plural = new Intl.PluralRules(lang);
  const number = new Intl.NumberFormat(lang);
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const lists = new Map();

  function say(target, template, values) {
    const text = template.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? values[key] : whole));
    const parts = text.split("**").map((part, i) => {
      if (i % 2 === 0) return document.createTextNode(part);
      const strong = document.createElement("strong");
      strong.textContent = part;
      return strong;
    });
    target.replaceChildren(...parts);
  }

  function sentence(data, count, suffix) {
    const category = plural.select(count);
    return data[category + suffix] || data["other" + suffix] || data[category] || data.other || "";
  }

  function listOf(fieldset) {
    if (!lists.has(fieldset)) {
      lists.set(fieldset, all("[data-row]", fieldset).map((row) => ({
        row, box: row.querySelector("input"), text: "",
      })));
    }
    return lists.get(fieldset);
  }

  function count(fieldset) {
    const rows = listOf(fieldset);
    const target = fieldset.querySelector("[data-count]");
    const chosen = rows.filter((item) => item.box.checked).length;
    if (!target) return;
    const values = { count: number.format(chosen), total: number.format(rows.length) };
    say(target, sentence(fieldset.dataset, chosen, ""), values);
  }

  function summarize() {
    const target = document.querySelector("[data-summary]");
    if (!target) return;
    const services = new Set();
    let later = false;
    all("fieldset[data-selection]").forEach((fieldset) => {
      listOf(fieldset).forEach((item) => { if (item.box.checked) services.add(item.box.value); });
      later = later || Boolean(fieldset.querySelector("input[data-later]:checked"));
    });
    const data = target.dataset;
    let template = services.size ? sentence(data, services.size, later ? "Later" : "") : data.none;
    if (!services.size && later) template = data.later || data.none;
    say(target, template || "", { count: number.format(services.size) });
  }

  function filter(fieldset) {
    const search = fieldset.querySelector("[data-search]");
    const toggle = fieldset.querySelector("[data-chosen]");
    const words = search ? search.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
    const chosenOnly = toggle && toggle.getAttribute("aria-pressed") === "true";
    let shown = 0;
    listOf(fieldset).forEach((item) => {
      if (words.length && !item.text) item.text = item.row.textContent.toLowerCase();
      const visible = words.every((word) => item.text.includes(word)) && (!chosenOnly || item.box.checked);
      if (item.row.hidden === visible) item.row.hidden = !visible;
      shown += visible;
    });
    const empty = fieldset.querySelector("[data-empty]");
    if (empty) empty.hidden = shown > 0;
  }

  function clicked(event) {
    const button = event.target.closest("[data-select], [data-chosen], [data-print], [data-extend-session]");
    if (!button) return;
    const fieldset = button.closest("fieldset[data-selection]");
    if ("print" in button.dataset) window.print();
    else if ("extendSession" in button.dataset) extend();
    else if ("chosen" in button.dataset) {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      filter(fieldset);
    } else {
      const tick = button.dataset.select === "all";
      listOf(fieldset).forEach((item) => {
        if (!item.row.hidden && !item.box.disabled) item.box.checked = tick;
      });
      count(fieldset);
      summarize();
    }
  }

  function submitted(event) {
    const form = event.target;
    if (!("once" in form.dataset)) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    const button = event.submitter;
    if (!button || !button.dataset.busy) return;
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-disabled", "true");
  }

  function restored() {
    all("form[data-sent]").forEach((form) => form.removeAttribute("data-sent"));
    all("button[data-label]").forEach((button) => {
      button.textContent = button.dataset.label;
      button.removeAttribute("aria-disabled");
    });
    all("fieldset[data-selection]").forEach(count);
    summarize();
  }

  const banners = ["warning", "ended", "over"];
  let timers = [];
  function tell(name) {
    banners.forEach((each) => all(`[data-session-${each}]`).forEach((part) => { part.hidden = each !== name; }));
  }

  function watchSession() {
    const holder = document.querySelector("[data-session]");
    if (!holder) return;
    const seconds = Number(holder.dataset.session);
    timers.forEach(clearTimeout);
    tell();
    timers = [
      setTimeout(tell, Math.max(seconds - 120, 0) * 1000, "warning"),
      setTimeout(tell, seconds * 1000, "ended"),
    ];
  }

  async function extend() {
    const holder = document.querySelector("[data-session]");
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    const headers = token ? { "X-CSRFToken": token.value } : {};
    const answer = await fetch(holder.dataset.extend, { method: "POST", headers });
    if (answer.ok) return watchSession();
    timers.forEach(clearTimeout);
    // A request that expired is over for good; for the rest a new sign-in helps.
    tell(answer.status === 410 ? "over" : "ended");
  }

  document.addEventListener("click", clicked);
  document.addEventListener("submit", submitted);
  document.addEventListener("change", (event) => {
    const fieldset = event.target.closest("fieldset[data-selection]");
    if (!fieldset) return;
    count(fieldset);
    summarize();
  });
  document.addEventListener("input", (event) => {
    if ("search" in event.target.dataset) filter(event.target.closest("fieldset"));
  });
  document.addEventListener("keydown", (event) => {
    // Enter in the search box must not send the whole form.
    if (event.key === "Enter" && "search" in event.target.dataset) event.preventDefault();
  });
  window.addEventListener("pageshow", restored);
  window.addEventListener("beforeprint", () => all("details:not([open])").forEach((part) => { part.open = true; part.dataset.printed = ""; }));
  window.addEventListener("afterprint", () => all("details[data-printed]").forEach((part) => { part.open = false; delete part.dataset.printed; }));

  all("[data-tools], [data-print], [data-needs-script]").forEach((part) => { part.hidden = false; });
  const problem = document.querySelector("[data-error-summary]");
  if (problem) problem.focus();
  watchSession();
})();
