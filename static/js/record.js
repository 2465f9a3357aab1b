// The record of a session. Every change is saved by itself; what could not be sent stays here and is tried again. All of it also
// works without this file: the buttons are submit buttons.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const once = document.querySelector("form[data-once]");
  if (once) once.addEventListener("submit", (event) => {
    if (once.dataset.sent) event.preventDefault();
    once.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => { if (once) delete once.dataset.sent; });

  const form = document.getElementById("record");
  if (!form) return;
  form.classList.add("js");
  form.elements.page.value = form.dataset.page;

  // Saved when the typing rests, and in the middle of it as well: whoever writes without a pause loses no more than LONGEST.
  const WAIT = 600, LONGEST = 3000, RETRY = 5000;
  const waiting = new Set(); // names of fields changed since the last save that went through
  let sending = null, timer = null, since = 0, lastSaved = document.getElementById("record-status")?.dataset.saved || "", stopped = false;

  const say = (text) => { document.getElementById("live").textContent = text; };
  const status = (text, late) => {
    const place = document.getElementById("record-status");
    place.classList.toggle("late", late);
    place.lastElementChild.textContent = text;
  };
  const nextTurn = () => { form.elements.turn.value = Number(form.elements.turn.value) + 1; };
  const later = (wait) => { clearTimeout(timer); timer = setTimeout(send, wait); };

  // A scanner types like a keyboard: the separator of the code as Ctrl ], and Enter at the end.
  let scanned = null; // the field that was scanned into: what was read comes back to it although it holds the focus
  form.addEventListener("keydown", (event) => {
    const field = event.target.closest("[data-scan]");
    if (!field) return;
    if (event.ctrlKey && event.key === "]") {
      event.preventDefault();
      field.setRangeText("\u001d", field.selectionStart, field.selectionEnd, "end");
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      scanned = field;
      waiting.add(field.name);
      if (!stopped) later(0);
    }
  });
  form.addEventListener("input", (event) => { if (event.target === scanned) scanned = null; });

  function changed(name) {
    if (name) waiting.add(name);
    since ||= Date.now();
    if (!stopped) later(Math.min(WAIT, Math.max(0, since + LONGEST - Date.now())));
  }

  function send() {
    if (stopped || waiting.size === 0 || sending) return;
    sending = new Set(waiting);
    waiting.clear();
    since = 0;
    nextTurn();
    htmx.trigger(form, "autosave");
  }

  function failed() {
    if (!sending) return;
    sending.forEach((name) => waiting.add(name));
    sending = null;
    const count = interpolate(ngettext("%(count)s change waiting", "%(count)s changes waiting", waiting.size), { count: waiting.size }, true);
    const text = interpolate(lastSaved ? gettext("Not saved since %(at)s, still trying. %(count)s") : gettext("Not saved yet, still trying. %(count)s"), { at: lastSaved, count }, true);
    status(text, true);
    say(text);
    later(RETRY);
  }

  form.addEventListener("input", (event) => {
    if (event.target.name === "ended") form.elements.ended_known.value = "typed";
    changed(event.target.name);
  });
  form.addEventListener("change", (event) => {
    const field = event.target;
    if (/^z\d+-depth$/.test(field.name)) field.value = tidy(field.value);
    changed(field.name);
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== form) return;
    const code = event.detail.xhr.status;
    if (code === 200) {
      sending = null;
      lastSaved = document.getElementById("record-status").dataset.saved;
      if (waiting.size) later(WAIT);
    } else if (code === 409) {
      sending?.forEach((name) => waiting.add(name));
      sending = null;
      stopped = true;
      status(lastSaved ? interpolate(gettext("Not saved since %(at)s"), { at: lastSaved }, true) : gettext("Not saved"), true);
      document.getElementById("stale").scrollIntoView({ block: "center" });
    } else {
      failed();
    }
  });
  form.addEventListener("htmx:sendError", failed);
  form.addEventListener("htmx:timeout", failed);
  window.addEventListener("online", () => later(0));
  window.addEventListener("beforeunload", (event) => {
    if ((!waiting.size && !sending) || form.dataset.leaving) return;
    event.preventDefault();
    goOut();
  });
  // A tablet that is put down or turned to another page asks nothing: what waits is sent while the page can still be seen off.
  document.addEventListener("visibilitychange", () => { if (document.hidden && !form.dataset.leaving) goOut(); });

  // What waits goes out at once, with a request that outlives the page. Sent again later it changes nothing: the turn has gone on.
  function goOut() {
    if (stopped || (!waiting.size && !sending)) return;
    nextTurn();
    sessionStorage.setItem("record-sent-on-leaving", Date.now());
    const headers = { "HX-Request": "true", "X-CSRFToken": JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"] };
    fetch(form.action, { method: "POST", body: new FormData(form), headers, keepalive: true }).catch(() => {});
  }
  form.addEventListener("submit", () => { nextTurn(); form.dataset.leaving = "1"; clearTimeout(timer); });
  window.addEventListener("pageshow", () => { delete form.dataset.leaving; });

  // What the server read, shown back where nobody is typing; and the red edge follows the message.
  document.body.addEventListener("recordSaved", (event) => {
    for (const [name, value] of Object.entries(event.detail.values || {})) {
      const field = form.elements[name];
      const holdsText = field instanceof HTMLElement && field.type !== "checkbox";
      if (holdsText && (field !== document.activeElement || field === scanned) && !waiting.has(name)) {
        field.value = value;
        if (name === "ended") form.elements.ended_known.value = value;
      }
    }
    scanned = null;
  });
  document.body.addEventListener("htmx:oobAfterSwap", (event) => {
    const place = event.detail.target;
    const id = place?.id || "";
    if (id.startsWith("e-")) {
      const field = document.getElementById(`f-${id.slice(2)}`);
      const words = document.getElementById(id)?.textContent.trim();
      if (field) words ? field.setAttribute("aria-invalid", "true") : field.removeAttribute("aria-invalid");
    }
  });
  // A swap takes the focus from a word of the missing strip: give it back.
  let focused = "";
  document.body.addEventListener("htmx:oobBeforeSwap", () => { focused = document.activeElement?.id || ""; });
  document.body.addEventListener("htmx:oobAfterSwap", () => {
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  });

  // A page opened a moment after such a request may have been drawn before it arrived: then it is drawn once more.
  const left = Number(sessionStorage.getItem("record-sent-on-leaving"));
  sessionStorage.removeItem("record-sent-on-leaving");
  if (Date.now() - left < 3000) setTimeout(async () => {
    const now = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    const newer = now.getElementById("version")?.value !== form.elements.version.value;
    if (newer && !waiting.size && !sending) location.reload();
  }, 300);

  // Depths

  function tidy(text) {
    const match = /^\s*(\d{0,2})(?:[.,](\d{1,2}))?\s*$/.exec(text);
    if (!match || (!match[1] && !match[2])) return text.trim();
    return String(Number(`${match[1] || 0}.${match[2] || 0}`));
  }

  const lengths = (form.dataset.lengths || "").split(" ").filter(Boolean).map(Number);
  const step = Number(form.dataset.step) || 0.25;

  function move(zone, by) {
    const field = zone.querySelector("[name$='-depth']");
    const max = Number(zone.dataset.max);
    const at = Number(tidy(field.value)) || null;
    let to;
    if (at === null) to = Number(zone.dataset.depth);
    else if (lengths.length) {
      const others = lengths.filter((length) => (by > 0 ? length > at : length < at));
      to = others.length ? (by > 0 ? Math.min(...others) : Math.max(...others)) : at;
    } else to = Math.round((at + by * step) * 100) / 100;
    if (to <= 0) to = at;
    if (to > max) { to = max; say(interpolate(gettext("The ceiling here is %(max)s mm"), { max }, true)); }
    put(field, String(to));
    untick(zone);
  }

  function put(field, value) {
    if (field.value === value) return;
    field.value = value;
    if (field.name === "ended") form.elements.ended_known.value = "typed";
    changed(field.name);
  }

  function untick(zone) {
    const skip = zone.querySelector("[name$='-skip']");
    if (skip.checked) { skip.checked = false; changed(skip.name); }
  }

  function asPlanned(zone) {
    put(zone.querySelector("[name$='-depth']"), zone.dataset.depth);
    put(zone.querySelector("[name$='-passes']"), zone.dataset.passes);
    put(zone.querySelector("[name$='-endpoint']"), zone.dataset.endpoint);
    put(zone.querySelector("[name$='-reason']"), "");
    untick(zone);
  }

  const zones = () => [...form.querySelectorAll("[data-zone]")];
  const untouched = (zone) => !zone.querySelector("[name$='-depth']").value.trim() && !zone.querySelector("[name$='-skip']").checked;

  function allAsPlanned() {
    const open = zones().filter(untouched);
    open.forEach(asPlanned);
    say(interpolate(ngettext("%(count)s zone as planned", "%(count)s zones as planned", open.length), { count: open.length }, true));
    later(0);
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const zone = button.closest("[data-zone]");
    if (button.dataset.by && zone) move(zone, Number(button.dataset.by));
    else if (button.name === "as_planned" && zone) {
      event.preventDefault();
      asPlanned(zone);
      say(interpolate(gettext("%(zone)s as planned"), { zone: zone.querySelector("legend").textContent }, true));
      later(0);
    } else if (button.name === "all_as_planned") {
      event.preventDefault();
      allAsPlanned();
    } else if (button.dataset.now) {
      const field = document.getElementById(button.dataset.now);
      put(field, new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: form.dataset.clock }));
    }
  });

  // A word of the missing strip moves the focus, also to what an anchor alone would not open.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".missing a, .problem a");
    if (!link || !link.hash) return;
    let goal = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!goal) return;
    event.preventDefault();
    const why = goal.closest(".z-why");
    if (why) why.classList.add("open");
    if (goal.matches("fieldset, section")) goal = goal.querySelector("input, select, button") || goal;
    goal.focus();
    goal.scrollIntoView({ block: "center" });
  });

  // Keys: p, Shift P, s outside fields that take text; Ctrl Enter everywhere.
  let current = null, before = "";
  form.addEventListener("focusin", (event) => { current = event.target.closest("[data-zone]") || current; });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      document.getElementById("sign").click();
      return;
    }
    const typing = event.target.closest("select, textarea, [contenteditable], input:not([type='checkbox'], [type='radio'])");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || form.dataset.keys !== "on") return;
    const going = before === "g";
    before = event.key;
    if (going) return;
    if (event.key === "P") { event.preventDefault(); allAsPlanned(); }
    else if (event.key === "p" && current) { event.preventDefault(); asPlanned(current); later(0); }
    else if (event.key === "s") { event.preventDefault(); document.getElementById("f-needle_lot").focus(); }
    else if (/^[1-9]$/.test(event.key)) zones()[Number(event.key) - 1]?.querySelector("[name='as_planned']").focus();
  });

  // The screen stays on while the record is open, where the browser can.
  const keepAwake = () => { if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => {}); };
  document.addEventListener("visibilitychange", keepAwake);
  keepAwake();
});
