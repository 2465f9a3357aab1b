// Today: keys j k a n, and a refresh every 20 s that never touches the row somebody is in.
"use strict";

(() => {
  const EVERY = 20000;
  const OLD = 120000;
  const list = document.getElementById("worklist");
  const made = document.getElementById("made");
  let fresh = Date.now();
  let asking = false;
  let time = made.textContent.match(/\d\d:\d\d/)?.[0] || "";

  const rows = () => [...list.querySelectorAll("[data-row]")];
  const current = () => document.activeElement?.closest?.("[data-row]");

  const go = (step) => {
    const all = rows();
    const at = all.indexOf(current());
    all[Math.min(Math.max(at + step, 0), all.length - 1)]?.querySelector("[data-open]").focus();
  };

  const inField = (element) => element.closest("input, select, textarea, [contenteditable]") !== null;

  document.addEventListener("keydown", (event) => {
    if (!list.hasAttribute("data-keys") || event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
    if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "a") current()?.querySelector("[data-arrived] button")?.click();
    else if (event.key === "n") document.querySelector("[data-press=n]")?.click();
    else return;
    event.preventDefault();
  });

  // Back from a press in a row: the focus is in that row again, once the browser has gone to the place the address names.
  const pressed = location.hash.startsWith("#b") ? document.getElementById(location.hash.slice(1)) : null;
  if (pressed && list.contains(pressed)) {
    const focus = () => setTimeout(() => document.getElementById(pressed.id)?.querySelector("[data-open]").focus());
    if (document.readyState === "complete") focus();
    else addEventListener("load", focus, { once: true });
  }

  // One press sends once: the second of a double click finds the button gone quiet.
  list.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });

  const take = (html) => {
    const next = document.createElement("div");
    next.append(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    const busy = list.contains(document.activeElement) ? current() : null;
    if (!list.contains(document.activeElement)) {
      list.replaceChildren(...next.childNodes);
      return;
    }
    // Somebody is in the list: change what is said in other rows, leave their order until they are gone.
    for (const row of next.querySelectorAll("[data-row]")) {
      const old = document.getElementById(row.id);
      if (old && old !== busy && old.innerHTML !== row.innerHTML) old.replaceWith(row);
    }
  };

  const ask = async () => {
    if (asking || document.visibilityState !== "visible") return;
    asking = true;
    try {
      const seen = list.querySelector("[data-seen]")?.dataset.seen || "";
      const answer = await fetch(`${list.dataset.poll}&seen=${seen}`, { headers: { "X-Requested-With": "fetch" }, redirect: "manual" });
      if (answer.ok) {
        take(await answer.text());
        fresh = Date.now();
        const now = new Date(fresh);
        time = answer.headers.get("X-Clinic-Time") || now.toTimeString().slice(0, 5);
        made.textContent = interpolate(gettext("Up to date, %(time)s"), { time }, true);
      }
    } catch {
      // No network: the words below say how old the list is.
    } finally {
      asking = false;
    }
    const old = Date.now() - fresh > OLD;
    made.parentElement.classList.toggle("old", old);
    if (old) made.textContent = interpolate(gettext("Last update, %(time)s"), { time }, true);
  };

  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
})();
