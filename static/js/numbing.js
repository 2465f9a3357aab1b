// The minutes a numbing has been on, written anew while the page stands open. Only words change: nothing that can hold the focus.
"use strict";

(() => {
  const EVERY = 5000;
  const MINUTE = 60000;
  const told = new Set();

  const write = (part, words) => {
    if (part && part.textContent !== words) part.textContent = words;
  };
  const tick = () => {
    for (const box of document.querySelectorAll("[data-numbing]")) {
      // By the clinic's clock: that of this machine may be wrong, only how fast it goes is taken from it.
      box.dataset.apart ??= String(Date.parse(box.dataset.now) - Date.now());
      const now = Date.now() + Number(box.dataset.apart);
      const ready = Date.parse(box.dataset.ready);
      const left = Math.ceil((ready - now) / MINUTE);
      const clock = /T(\d\d:\d\d)/.exec(box.dataset.ready)[1];
      write(box.querySelector("[data-since]"), `${Math.max(0, Math.floor((now - Date.parse(box.dataset.numbing)) / MINUTE))}\u00a0min`);
      write(box.querySelector("[data-left]"), interpolate(left > 0 ? gettext("Ready at %(clock)s, in %(left)s\u00a0min") : gettext("Ready since %(clock)s"), { clock, left }, true));
      if (left <= 0 && !box.classList.contains("ready") && !told.has(box.dataset.numbing)) {
        told.add(box.dataset.numbing);
        live(interpolate(gettext("%(who)s: the numbing is ready"), { who: box.dataset.who }, true));
      }
      box.classList.toggle("ready", left <= 0);
    }
  };
  setInterval(tick, EVERY);
  document.addEventListener("visibilitychange", tick);
  document.addEventListener("htmx:afterSettle", tick);
})();
