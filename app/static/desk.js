// What the pages of signed-in people add when JavaScript runs: keys, places, one-key types, drafts. Every page works without it.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const form = byId("intake");
  document.documentElement.classList.add("js");
  if (window.htmx) window.htmx.config.noSwap = [204, 304, "4xx", "5xx"];

  // --- keys: n new, / search, ? the sheet, those that buttons name; Ctrl+Enter or Ctrl+S sends the form ---------------------------------------
  const typing = (target) => target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const sheet = byId("keys"), singles = byId("single-keys");
  byId("show-keys")?.addEventListener("click", () => sheet.showModal());
  byId("hide-keys")?.addEventListener("click", () => sheet.close());
  if (singles) {
    singles.checked = localStorage.getItem("single-keys") !== "off";
    singles.addEventListener("change", () => localStorage.setItem("single-keys", singles.checked ? "on" : "off"));
  }

  const single = {
    "/": () => { const box = document.querySelector("[type=search]"); if (box) box.focus(); return box; },
    "?": () => { if (sheet && !sheet.open) sheet.showModal(); return sheet; },
  };

  // A link or button that names its key: the one of the pair in which the cursor stands, else the first.
  function keyed(key) {
    const named = `[data-key="${CSS.escape(key)}"]`, near = document.activeElement?.closest("[data-twin]");
    const target = near?.querySelector(named) || document.querySelector(named);
    if (target) target.click();
    return target;
  }

  document.querySelectorAll("[data-vanish]").forEach((bar) => setTimeout(() => { bar.hidden = true; }, 1000 * bar.dataset.vanish));

  document.addEventListener("keydown", (event) => {
    // While an input method composes, Enter and the digits belong to it.
    if (event.isComposing || event.keyCode === 229) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && (key === "enter" || key === "s")) {
      const target = form || event.target.closest("form[method=post]");
      if (!target) return;
      event.preventDefault();
      target.requestSubmit(target.querySelector("button.main"));
    } else if (event.altKey && /^[1-3]$/.test(key) && form) {
      const choice = document.querySelectorAll("#reading [data-type]")[Number(key) - 1];
      if (choice) { event.preventDefault(); choice.click(); }
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target) && !event.repeat && singles?.checked) {
      if ((single[event.key] || keyed)(event.key)) event.preventDefault();
    }
  });

  document.querySelectorAll("[data-print]").forEach((button) => button.addEventListener("click", () => window.print()));

  let signedOut = false;
  // --- a form is sent once: the hidden key makes sure, this is politeness ---------------------------------------------
  document.addEventListener("submit", (event) => {
    if (event.target.action.endsWith("/sign-out")) { signedOut = true; dropDrafts(() => true); }
    if (event.defaultPrevented || event.target.method !== "post") return;
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((sent) => delete sent.dataset.sent));

  // --- drafts: this tab's own memory, one per account -----------------------------------------------------------------
  function dropDrafts(which) {
    Object.keys(sessionStorage).filter((key) => key.startsWith("draft:") && which(key.slice(6))).forEach((key) => sessionStorage.removeItem(key));
  }
  const done = document.querySelector("[data-draft-done]");
  if (done) dropDrafts((account) => account === done.dataset.draftDone);
  if (!form) return;

  const slot = "draft:" + form.dataset.draft, note = byId("draft-note");
  dropDrafts((account) => account !== form.dataset.draft);

  // htmx takes a page up one turn after the page's scripts have run: what is asked before that is lost.
  function read() {
    setTimeout(() => window.htmx?.trigger(form, "read"));
  }

  function tell(words) {
    note.hidden = false;
    note.querySelector("[role=status]").textContent = words;
  }

  function save() {
    if (signedOut) return;
    const fields = [...new FormData(form)].filter(([name]) => name !== "csrf_token");
    const at = new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
    try {
      sessionStorage.setItem(slot, JSON.stringify({ at, fields }));
      tell(`${note.dataset.saved} ${at}`);
    } catch { /* the tab's memory is full or closed: the form itself still holds everything */ }
  }

  function put(fields) {
    const ticked = new Set(fields.map(([name]) => name));
    form.querySelectorAll("[type=checkbox]").forEach((box) => { box.checked = ticked.has(box.name); });
    for (const [name, value] of fields) {
      const field = form.elements.namedItem(name);
      if (field && field.type !== "checkbox") field.value = value;
    }
  }

  async function restore() {
    const kept = JSON.parse(sessionStorage.getItem(slot) || "null");
    if (!kept || !kept.fields.some(([name, value]) => value && /narrative|name|phone|place$/.test(name))) return;
    if (kept.fields.some(([name]) => !form.elements.namedItem(name) && !/_code$|spokesperson$/.test(name))) await rows(kept.fields);
    put(kept.fields);
    tell(`${note.dataset.restored} · ${note.dataset.saved} ${kept.at}`);
    read();
  }

  // The draft had more people than an empty form: the server draws the rows, as it does for 加一人.
  async function rows(fields) {
    const body = new URLSearchParams([...fields, ["csrf_token", form.elements.namedItem("csrf_token").value], ["do", "rows"]]);
    const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    byId("sides").outerHTML = await answer.text();
    window.htmx?.process(byId("sides"));
  }

  let waiting;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(save, 500); });
  window.addEventListener("pagehide", () => { if (!note.hidden) save(); });
  byId("draft-drop").addEventListener("click", () => { clearTimeout(waiting); note.hidden = true; sessionStorage.removeItem(slot); location.assign(form.action); });
  // Somebody types before a slow network has brought this script: those words are newer than any draft, and are read now.
  const early = () => [...form.querySelectorAll("textarea, input[type=text], input[type=tel]")].some((field) => field.value !== field.defaultValue);
  if (early()) { read(); save(); }
  else if (!("kept" in form.dataset)) restore();

  // --- places: typed words, a list of buttons, the picked code --------------------------------------------------------
  const placeOf = (target) => target.closest("[data-place]");

  function pick(place, button) {
    const box = place.querySelector("input[type=text]");
    box.value = button.dataset.name;
    place.querySelector("[name$=_code]").value = button.dataset.code;
    place.querySelector(".places").replaceChildren();
    (next(box) || box).focus();
    read();
    save();
  }

  form.addEventListener("input", (event) => {
    const place = placeOf(event.target);
    if (place && event.target.type === "text") place.querySelector("[name$=_code]").value = "";
  });
  form.addEventListener("focusout", (event) => {
    const place = placeOf(event.target);
    if (place && !place.contains(event.relatedTarget)) place.querySelector(".places").replaceChildren();
  });
  form.addEventListener("click", (event) => {
    const option = event.target.closest("[data-code]"), type = event.target.closest("[data-type]");
    if (option) pick(placeOf(option), option);
    if (type) choose(event, type);
  });

  // --- the proposed types, and Enter from field to field ----------------------------------------------------------------
  function choose(event, button) {
    event.preventDefault();
    byId("type").value = button.dataset.type;
    byId("narrative").focus();
    read();
    save();
  }
  document.addEventListener("click", (event) => {
    const type = event.target.closest("#reading [data-type]");
    if (type && !event.defaultPrevented) choose(event, type);
  });

  function next(from) {
    const main = [...form.querySelectorAll("[data-main], button.main")];
    return main.find((field) => from.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_FOLLOWING);
  }

  form.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey) return;
    const place = placeOf(event.target);
    const options = place ? [...place.querySelectorAll("[data-code]")] : [];
    if (event.key === "Enter" && event.target.matches("input:not([type=checkbox]), select")) {
      event.preventDefault();
      if (options.length && event.target.type === "text") pick(place, options[0]);
      else (next(event.target) || event.target).focus();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options.length) {
      event.preventDefault();
      const at = options.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
      (options[at] || place.querySelector("input[type=text]")).focus();
    } else if (event.key === "Escape" && place) {
      place.querySelector(".places").replaceChildren();
    }
  });

  // --- facts: what was read goes into fields that nobody touched; beside each the page keeps what was put there --------
  const readOf = (field) => form.elements.namedItem("read-" + field.name);
  function fill() {
    const found = {};
    document.querySelectorAll("#reading [data-fill]").forEach((each) => { found[each.dataset.fill] = each; });
    let changed = false;
    for (const memory of form.querySelectorAll("[name^=read-]")) {
      const field = form.elements.namedItem(memory.name.slice(5)), value = found[field?.name]?.value || "";
      if (!field || field.value !== memory.value || field.value === value || field === document.activeElement) continue;
      field.value = memory.value = value;
      if (field.name === "place") form.elements.namedItem("place_code").value = found.place?.dataset.region || "";
      changed = true;
    }
    if (changed) { save(); read(); }
  }
  // Typing over what the machine put there replaces it.
  form.addEventListener("focusin", (event) => {
    const field = event.target;
    if (field.name && field.value && readOf(field)?.value === field.value) field.select();
  });

  // --- after a swap: say the type aloud, put the cursor into a new row, tell when the reading failed ------------------
  document.addEventListener("htmx:after:swap", () => {
    if (document.querySelector("#reading .narrative")) fill();
    const said = document.querySelector("#reading [data-say]");
    if (said) byId("said").textContent = said.textContent.trim();
    const added = document.querySelector("#sides [autofocus]");
    if (added) { added.removeAttribute("autofocus"); added.focus(); save(); }
  });
  const failed = () => { byId("reading").textContent = byId("reading").dataset.failed; };
  document.addEventListener("htmx:response:error", failed);
  document.addEventListener("htmx:error", (event) => { if (event.detail?.error?.name !== "AbortError") failed(); });
})();
