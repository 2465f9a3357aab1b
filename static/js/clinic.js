// Shared behaviour of every page. Nothing here is needed to use the clinic: every form and link works without it.
"use strict";

const inField = (element) => element.closest("input, select, textarea, [contenteditable]") !== null;
const live = (text) => {
  document.getElementById("live").textContent = text;
};

// After a failed save the list of what to mend takes focus, on a fresh page and after a swap.
const focusMarked = (root) => {
  const marked = root.matches?.("[data-focus]") ? root : root.querySelector("[data-focus]");
  if (marked) marked.focus();
};
document.addEventListener("DOMContentLoaded", () => focusMarked(document));
document.addEventListener("htmx:afterSettle", (event) => focusMarked(event.target));

// Single keys: "/" to find, "g" then the letter of an area, Esc closes the top layer. None acts in a field;
// the clinic may switch them off (body without data-keys).
let going = false;
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = document.querySelector("details.me[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
    return;
  }
  if (!("keys" in document.body.dataset) || event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
  if (event.key === "/") {
    document.getElementById("find")?.focus();
    event.preventDefault();
  } else if (going) {
    document.querySelector(`.rail a[data-key="${CSS.escape(event.key)}"]`)?.click();
    going = false;
  } else {
    going = event.key === "g";
  }
});

document.addEventListener("click", (event) => {
  // A click beside the menu of one's own name closes it.
  const menu = document.querySelector("details.me[open]");
  if (menu && !menu.contains(event.target)) menu.open = false;
  // A toast stays until it is dismissed.
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) dismiss.closest(".toast, .notice").remove();
});

// What can be taken back for a while only goes when that is over, but never from under somebody's hands.
const goesAfter = (element, seconds) => {
  setTimeout(() => (element.contains(document.activeElement) ? goesAfter(element, 5) : element.remove()), seconds * 1000);
};
for (const form of document.querySelectorAll(".notice form[data-until]")) goesAfter(form, Number(form.dataset.until));

// A second click on the same button while the first is on its way sends nothing twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.matches("[hx-post], [hx-put], [hx-delete]")) return;
  if (form.dataset.sent && Date.now() - Number(form.dataset.sent) < 4000) event.preventDefault();
  form.dataset.sent = String(Date.now());
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// What htmx could not deliver is said in one bar at the top, in words, and goes away with the next answer.
let noWay = false; // whether the bar speaks of the connection: then it goes by itself as soon as the clinic answers anything
const bar = (text, link) => {
  const element = document.getElementById("netbar");
  if (!element) return;
  noWay = false;
  element.replaceChildren(document.createTextNode(text));
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    if (link.target) anchor.target = link.target;
    anchor.textContent = link.text;
    element.append(anchor);
  }
  element.hidden = !text;
  // The patient's header stays below it, and not behind.
  document.documentElement.style.setProperty("--net-h", `${element.offsetHeight}px`);
};
const since = () => new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
let unreached = false; // whether the last question of this page got no answer
const away = (text) => {
  bar(text);
  noWay = true;
};
document.addEventListener("htmx:sendError", () => {
  unreached = true;
  away(interpolate(gettext("No connection since %(time)s. What you typed is still here; try again in a moment."), { time: since() }, true));
});
document.addEventListener("htmx:timeout", () => bar(gettext("The clinic's computer did not answer in time. What you typed is still here; try again.")));
// A form that is sent while nothing goes through would take the page away, and what was typed with it. Where the last question of
// the page got no answer, the way is tried first.
document.addEventListener("unreached", () => { unreached = true; });
document.addEventListener("reached", () => {
  unreached = false;
  if (noWay) bar("");
});
window.addEventListener("online", () => { if (noWay) reachable(); });
// A question that a script asks: what did not come through is said in the bar, and is no fault of the script.
const sent = (asked) => Promise.resolve(asked).catch(() => {});
const reachable = async () => {
  if (!navigator.onLine) return false;
  try {
    await fetch("/accounts/presence/", { headers: { "X-Requested-With": "fetch" }, cache: "no-store", signal: AbortSignal.timeout(8000) });
    document.dispatchEvent(new CustomEvent("reached"));
    return true;
  } catch {
    return false;
  }
};
const holdsWords = (form) => [...form.elements].some((field) => field.matches("input:not([type='hidden']), select, textarea"));
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const goesWhole = form.getAttribute("method") === "post" && !form.target && !form.matches("[hx-post]:not([hx-trigger])");
  if ((!unreached && navigator.onLine) || !goesWhole || !form.closest("main") || !holdsWords(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.dataset.tries) return;
  form.dataset.tries = "1";
  const there = await reachable();
  delete form.dataset.tries;
  if (there) {
    bar("");
    form.requestSubmit(event.submitter?.isConnected ? event.submitter : undefined);
  } else away(interpolate(gettext("No connection since %(time)s. Nothing was sent, and what you typed is still here. Press it again in a moment."), { time: since() }, true));
}, true);
// Signed in again in another tab, this page holds an outdated secret. The refusal brings the one that fits: it is put
// where htmx and the forms take it from, and the next try goes through.
const renewSecret = (secret) => {
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": secret }));
  for (const field of document.querySelectorAll('input[name="csrfmiddlewaretoken"]')) field.value = secret;
};
// The words of the page that an error brought, for a part of a page that stays where it is.
const wordsOf = (xhr, { withTitle }) => {
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const parts = [...page.querySelectorAll(withTitle ? ".bare-card h1, .bare-card h1 + p" : ".bare-card h1 + p")];
  return parts.map((part) => part.textContent.trim().replace(/([^.])$/, "$1.")).join(" ");
};
document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  const secret = event.detail.xhr.getResponseHeader("X-Fresh-Token");
  if (secret) {
    renewSecret(secret);
    bar(gettext("You are signed in again. What you typed is still here; change it or press the button once more to save it."));
    document.body.dispatchEvent(new CustomEvent("signedInAgain"));
  } else if (status === 401) {
    const link = { href: event.detail.xhr.getResponseHeader("X-Sign-In") || "/accounts/sign-in/", text: gettext("Sign in in a new tab"), target: "_blank" };
    bar(gettext("You are signed out. Sign in in a new tab, then try again; what you typed is still here."), link);
  } else if (status === 403) bar(wordsOf(event.detail.xhr, { withTitle: false }) || gettext("Your role does not include this, so nothing was changed."));
  else if (status === 404) bar(gettext("This record is not here any more. Nothing was changed."), { href: window.location.href, text: gettext("Reload the page") });
  else if (event.detail.xhr.getResponseHeader("X-Say")) bar(event.detail.xhr.getResponseHeader("X-Say"));
  else {
    const words = wordsOf(event.detail.xhr, { withTitle: true }) || gettext("Something went wrong on our side. Nothing that was saved is lost.");
    bar(interpolate(gettext("%(words)s What you typed is still here."), { words }, true));
  }
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful) return;
  unreached = false;
  bar("");
});

// A reply may carry a sentence for screen readers: HX-Trigger {"say": "..."}.
document.addEventListener("say", (event) => live(event.detail.value));
