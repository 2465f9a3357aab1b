// The form on the tablet. Works without this; with it, every answer is kept as it is given, a gap in the network loses nothing, and a
// tablet that nobody touches closes by itself.
"use strict";

(() => {
  document.querySelector("[data-focus]")?.focus();
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("clinic-desk") : null;
  channel?.postMessage({ heard: { state: "confined" } }); // other tabs of this browser cover themselves at once

  // ---- Left alone ----

  const idle = Number(document.body.dataset.idle) * 1000;
  let touched = Date.now();
  const seconds = () => String(Math.min(999999, Math.round((Date.now() - touched) / 1000)));
  for (const name of ["pointerdown", "keydown", "touchstart", "input", "wheel"]) {
    window.addEventListener(name, (event) => { if (event.isTrusted) touched = Date.now(); }, { capture: true, passive: true });
  }
  if (idle) {
    window.setInterval(() => {
      if (Date.now() - touched > idle && !document.querySelector("[data-kept].late")) window.location.replace(document.body.dataset.begin);
    }, 1000);
  }
  // Out of the browser's memory a page may be another one's: it is asked for anew.
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });

  // ---- Kept as it is given ----

  const form = document.querySelector("form[data-answers]");
  if (!form) return;
  const state = form.querySelector("[data-kept]");
  let sent = null; // what the clinic has
  let busy = false;
  let waiting;
  const now = () => new URLSearchParams(new FormData(form)).toString();
  sent = now();

  const say = (words, late = false) => {
    state.textContent = words;
    state.classList.toggle("late", late);
  };

  // One at a time and always the newest, so that nothing older ever arrives last.
  const keep = async () => {
    window.clearTimeout(waiting);
    if (busy) return false;
    const wanted = now();
    if (wanted === sent) return true;
    busy = true;
    const patience = new AbortController();
    const stop = window.setTimeout(() => patience.abort(), 8000);
    let done = false;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(wanted),
        headers: { "X-Requested-With": "fetch", "X-Touched": seconds() },
        redirect: "manual",
        signal: patience.signal,
      });
      done = answer.ok;
      if ([403, 409, 423].includes(answer.status) || answer.type === "opaqueredirect") window.location.replace(document.body.dataset.begin);
    } catch {
      // No network: it stays here and is tried again.
    }
    window.clearTimeout(stop);
    busy = false;
    if (done) sent = wanted;
    say(done ? state.dataset.saved : state.dataset.not, !done);
    if (now() !== sent) waiting = window.setTimeout(keep, done ? 0 : 3000);
    return done;
  };

  form.addEventListener("change", keep);
  form.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(keep, 1200);
  });
  window.addEventListener("online", keep);

  // On to the next page only once this one is kept: a browser without a network would show its own page instead.
  let through = false;
  form.addEventListener("submit", async (event) => {
    if (through) return;
    event.preventDefault();
    const pressed = event.submitter;
    for (let tries = 0; busy && tries < 100; tries += 1) await new Promise((resolve) => { window.setTimeout(resolve, 100); });
    if (now() === sent) sent = null; // ask all the same whether the clinic can be reached
    if (!(await keep())) return;
    through = true;
    form.requestSubmit(pressed);
  });
})();
