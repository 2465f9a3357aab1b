// The lock of a screen. The server decides and refuses (accounts/desk); this file covers the page as soon as the server says so,
// or nobody has touched the desk for as long as it allows, or the page comes back out of the browser's memory.
// Covered, the page is taken out of the document with all that was typed, and put back as it was for the same person only.
// First of the scripts, so that the clocks of the others can stand still meanwhile.
"use strict";

(() => {
  const sheet = document.getElementById("desk");
  if (!sheet) return;
  // The lock holds also where the file with the words did not come.
  const gettext = window.gettext ?? ((words) => words);
  const interpolate = window.interpolate ?? ((words, values) => words.replace(/%\((\w+)\)s/g, (all, name) => values[name]));
  const IDLE = Number(sheet.dataset.idle) * 1000;
  const WARN = Math.min(120000, IDLE / 5);
  const ASK = 3000; // somebody who may not be here any more is out within five seconds
  const STALE = 5000; // a page that was out of sight longer than this is shown only once the server has answered
  const PATIENCE = 2000;
  const TITLES = {
    asking: gettext("One moment"), locked: gettext("Locked"), out: gettext("Signed out"), alone: gettext("Covered"), handed: gettext("With a patient"),
  };
  const root = document.documentElement;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("clinic-desk") : null;

  // ---- Clocks. What was set before the page was covered waits until it is back: its elements are not there to be found. ----

  const later = window.setTimeout.bind(window);
  const every = window.setInterval.bind(window);
  const cancel = window.clearTimeout.bind(window);
  let standingStill = false;
  const held = new Map();
  window.setTimeout = (todo, ...rest) => {
    if (standingStill || typeof todo !== "function") return later(todo, ...rest);
    const number = later((...given) => {
      if (standingStill) held.set(number, () => todo(...given));
      else todo(...given);
    }, ...rest);
    return number;
  };
  window.clearTimeout = (number) => {
    held.delete(number);
    cancel(number);
  };
  window.setInterval = (todo, ...rest) =>
    standingStill || typeof todo !== "function" ? every(todo, ...rest) : every((...given) => standingStill || todo(...given), ...rest);

  // ---- Covering ----

  let layer = null; // what covers the page, while it does
  let kind = "";
  let shown = null; // how the page looked: title, places scrolled to, focus
  let page = null; // the page itself, once it is out of the document
  let secret = "";
  let leaving = false;
  let underWay = 0;
  let revealing;
  let removing;

  document.addEventListener("htmx:beforeSend", () => { underWay += 1; });
  document.addEventListener("htmx:afterRequest", () => { underWay = Math.max(0, underWay - 1); });

  const remember = () => {
    const focused = document.activeElement;
    const { scrollX, scrollY } = window;
    const scrolled = [];
    for (const element of document.body.querySelectorAll("*")) {
      if (element.scrollTop || element.scrollLeft) scrolled.push([element, element.scrollTop, element.scrollLeft]);
    }
    let marked = null;
    try {
      marked = [focused.selectionStart, focused.selectionEnd];
    } catch {
      // Not every field can tell.
    }
    return { title: document.title, search: window.location.search, focused, marked, scrollX, scrollY, scrolled };
  };

  // Once nothing is on its way any more, so that no answer looks for its place in vain; soon in any case.
  const remove = (until) => {
    if (!layer || page || kind === "asking") return;
    if (underWay && Date.now() < until) {
      removing = later(() => remove(until), 50);
      return;
    }
    const rest = document.createDocumentFragment();
    rest.append(...[...document.body.childNodes].filter((node) => node !== layer));
    page = rest;
    standingStill = true;
  };

  const cover = (why, words = "") => {
    if (!layer) {
      shown = remember();
      layer = sheet.content.querySelector("[data-layer]").cloneNode(true);
      document.body.append(layer);
      root.classList.add("covered");
      hideWarning();
      if (shown.search) window.history.replaceState(window.history.state, "", window.location.pathname);
      layer.querySelector("[data-open]").addEventListener("submit", open);
      layer.addEventListener("submit", (event) => { if (event.target.matches("[data-leave]")) leave(event.target); });
      layer.addEventListener("click", (event) => {
        if (event.target.closest("a[data-leave]")) leave();
        if (!event.target.closest("[data-letters]")) return;
        takes(true, true);
        layer.querySelector("#desk-typed").focus();
      });
    }
    if (kind === why) return;
    kind = why;
    const card = layer.querySelector("main");
    for (const part of layer.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== why;
    card.classList.toggle("not-yet", why === "asking");
    cancel(revealing);
    if (why === "asking") revealing = later(() => card.classList.remove("not-yet"), 400);
    document.title = `${TITLES[why]} - ${sheet.dataset.clinic}`;
    if (words) layer.querySelector("[data-out]").textContent = words;
    if (why === "locked") layer.querySelector("#desk-typed").focus();
    else if (why !== "asking") card.focus();
    if (why !== "asking") remove(Date.now() + 1500);
  };

  const uncover = () => {
    if (!layer) return;
    cancel(removing);
    cancel(revealing);
    const { title, search, focused, marked, scrollX, scrollY, scrolled } = shown;
    layer.remove();
    if (page) document.body.append(page);
    layer = page = shown = null;
    kind = "";
    root.classList.remove("covered");
    document.title = title;
    if (search) window.history.replaceState(window.history.state, "", window.location.pathname + search + window.location.hash);
    if (secret) {
      document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": secret }));
      for (const field of document.querySelectorAll('input[name="csrfmiddlewaretoken"]')) field.value = secret;
    }
    for (const [element, top, left] of scrolled) {
      element.scrollTop = top;
      element.scrollLeft = left;
    }
    window.scrollTo(scrollX, scrollY);
    focused?.focus?.({ preventScroll: true });
    try {
      if (marked && marked[0] !== null) focused.setSelectionRange(...marked);
    } catch {
      // Not every field can be told.
    }
    standingStill = false;
    const due = [...held.values()];
    held.clear();
    for (const todo of due) later(todo, 0);
    // Fields of a live form that could not be saved meanwhile are sent now.
    document.body.dispatchEvent(new CustomEvent("signedInAgain"));
  };

  // Nothing of the page is kept: somebody signed out on purpose, or somebody else is here.
  const drop = (words) => {
    cover("out", words);
    for (const part of layer.querySelectorAll("[data-kept]")) part.remove();
    cancel(removing);
    document.body.replaceChildren(layer);
    page = document.createDocumentFragment();
    standingStill = true;
    held.clear();
    leaving = true;
  };

  const leave = (form) => {
    leaving = true;
    if (form && secret) form.elements.csrfmiddlewaretoken.value = secret;
    channel?.postMessage({ gone: true });
  };
  window.addEventListener("beforeunload", (event) => { if (leaving) event.stopImmediatePropagation(); });

  // ---- How the session stands ----

  let touched = Date.now();
  let heard = Date.now();
  let asking = null;
  let wanted = false; // the lock, by this page
  let telling = false;
  const seconds = () => Math.max(0, Math.round((Date.now() - touched) / 1000));
  const send = (address, options = {}) => {
    const patience = new AbortController();
    const stop = later(() => patience.abort(), PATIENCE * 2);
    const headers = { "X-Requested-With": "fetch", "X-Touched": String(Math.min(999999, seconds())), ...options.headers };
    return fetch(address, { cache: "no-store", redirect: "manual", signal: patience.signal, ...options, headers }).finally(() => cancel(stop));
  };

  // A tablet shows figures for a PIN, and letters when they are asked for.
  const takes = (pin, letters = !pin) => {
    layer.querySelector("[data-label]").textContent = pin ? gettext("PIN or password") : gettext("Password");
    const field = layer.querySelector("#desk-typed");
    const wish = layer.querySelector("[data-letters]");
    if (letters || !field.inputMode) field.inputMode = letters ? "text" : "numeric";
    wish.hidden = !pin || field.inputMode === "text";
  };
  // The absolute limit is said while there is time to save.
  let endSaid = false;
  const sayEnd = (left) => {
    if (endSaid || layer || left > 300) return;
    endSaid = true;
    const note = sheet.content.querySelector("[data-warning]").cloneNode(true);
    const at = new Date(Date.now() + left * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    document.body.append(note);
    note.querySelector("[data-words]").textContent = interpolate(gettext("This sign-in ends at %(time)s, however busy you are. Save what you are writing and sign in again."), { time: at }, true);
    const button = note.querySelector("button");
    button.textContent = gettext("Close");
    button.addEventListener("click", () => note.remove());
  };

  const hear = (said) => {
    heard = Date.now();
    if (leaving) return;
    if (said.secret) secret = said.secret;
    if (said.state === "out") {
      cover("out");
      return;
    }
    if (said.state === "confined") {
      cover("handed"); // this browser is with a patient: the page comes back when it is taken back
      return;
    }
    if (said.who !== sheet.dataset.who) {
      drop(gettext("Somebody else is signed in here now."));
      window.location.replace("/");
      return;
    }
    if (said.state === "locked") {
      wanted = false;
      cover("locked");
      if (!secret) ask();
      takes(said.pin !== false);
      return;
    }
    if (said.ends !== undefined) sayEnd(said.ends);
    if (said.idle !== undefined) touched = Math.max(touched, heard - IDLE + said.idle * 1000);
    if (!layer) return;
    if (!said.secret) ask();
    else if (wanted) sayLocked();
    else uncover();
  };

  // One question at a time; while covered it also asks for the secret of the forms, which a new sign-in has changed.
  const ask = () => {
    asking ??= (async () => {
      try {
        const answer = await send(sheet.dataset.presence + (layer ? "?fresh=1" : ""));
        document.dispatchEvent(new CustomEvent("reached"));
        if (!answer.ok) return null;
        return await answer.json();
      } catch {
        document.dispatchEvent(new CustomEvent("unreached"));
        return null;
      }
    })().then((said) => {
      asking = null;
      if (!said) return false;
      hear(said);
      channel?.postMessage({ heard: { state: said.state, who: said.who, idle: said.idle, pin: said.pin } });
      return true;
    });
    return asking;
  };

  // Asked for, or nobody has touched the desk: the page is covered before the server knows, and stays so until it does.
  const lockNow = () => {
    if (wanted || ["locked", "out", "handed"].includes(kind)) return;
    wanted = true;
    cover("alone");
    const words = layer.querySelector('[data-when="alone"]');
    words.hidden = true;
    later(() => { words.hidden = kind !== "alone"; }, PATIENCE);
    ask();
  };
  const sayLocked = async () => {
    if (telling) return;
    telling = true;
    try {
      await send(sheet.dataset.lock, { method: "POST", headers: { "X-CSRFToken": secret } });
    } catch {
      // Without an answer it stays covered, and is tried again.
    }
    telling = false;
    later(ask, 100);
  };

  const open = async (event) => {
    event.preventDefault();
    const form = event.target;
    const field = form.elements.typed;
    const fault = layer.querySelector("#desk-error");
    const button = form.querySelector("button");
    if (button.disabled) return;
    const complain = (words) => {
      fault.textContent = words;
      fault.hidden = !words;
      field.toggleAttribute("aria-invalid", false);
      if (words) {
        field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", fault.id);
      }
    };
    if (!field.value) {
      complain(gettext("Enter your PIN or your password."));
      field.focus();
      return;
    }
    button.disabled = true;
    const typed = field.value;
    field.value = "";
    try {
      const answer = await send(sheet.dataset.unlock, { method: "POST", body: new URLSearchParams({ typed }), headers: { "X-CSRFToken": secret } });
      const said = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : null;
      complain("");
      if (answer.ok && said) {
        touched = Date.now();
        await asking; // a question from before is answered as it was then
        if (await ask()) channel?.postMessage({ opened: true });
      } else if (said?.state === "out") cover("out", said.said);
      else if (said?.said) complain(said.said);
      else {
        await ask();
        if (kind === "locked") complain(gettext("That did not go through. Enter it once more."));
      }
    } catch {
      complain(gettext("The clinic's computer does not answer. Nothing is lost; try again in a moment."));
    }
    button.disabled = false;
    if (kind === "locked") field.focus();
  };

  // ---- Signs of life ----

  let told = 0;
  const touch = (event) => {
    if (!event.isTrusted || layer) return;
    if (event.type === "pointermove" && Math.abs(event.movementX) + Math.abs(event.movementY) < 3) return; // a desk that shakes
    const now = Date.now();
    if (now - touched >= IDLE) return; // too late: the next tick locks
    touched = now;
    hideWarning();
    if (now - told < 1000) return;
    told = now;
    channel?.postMessage({ touched: now });
  };
  for (const name of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "input"]) {
    window.addEventListener(name, touch, { capture: true, passive: true });
  }
  document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-Touched"] = String(seconds()); });
  // Keys belong to the cover while there is one; typing and Enter still do what a browser does.
  for (const name of ["keydown", "keyup", "keypress"]) {
    window.addEventListener(name, (event) => { if (layer) event.stopImmediatePropagation(); }, { capture: true });
  }

  let warning = null;
  const hideWarning = () => {
    warning?.remove();
    warning = null;
  };
  const warn = () => {
    if (warning) return;
    warning = sheet.content.querySelector("[data-warning]").cloneNode(true);
    const at = new Date(touched + IDLE).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    document.body.append(warning);
    warning.querySelector("[data-words]").textContent = interpolate(gettext("Nobody has touched this screen for a while: it locks at %(time)s. What you typed is kept."), { time: at }, true);
  };

  every(() => {
    const now = Date.now();
    const quiet = now - touched;
    if (!layer && quiet >= IDLE) lockNow();
    else if (!layer && quiet >= IDLE - WARN && !document.hidden) warn();
    if (!leaving && !document.hidden && now - heard >= ASK) {
      heard = now; // an unanswered question is asked again after the same pause
      ask();
    }
  }, 500);

  // ---- Coming back to a page ----

  const check = async () => {
    if (leaving || ["locked", "out", "handed"].includes(kind)) return void ask();
    if (Date.now() - touched >= IDLE) return void lockNow();
    cover("asking");
    await Promise.race([ask(), new Promise((resolve) => { later(resolve, PATIENCE); })]);
    // Without an answer the page's own clock counts, as it does while somebody works through a gap in the network.
    if (kind === "asking") uncover();
  };
  let outOfSight = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) outOfSight = Date.now();
    else if (Date.now() - Math.max(heard, outOfSight) > STALE) check();
  });
  window.addEventListener("pagehide", (event) => { if (event.persisted) cover("asking"); });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    kind = kind === "asking" ? "" : kind;
    check();
  });

  // ---- Other tabs, and what the page itself is told ----

  channel?.addEventListener("message", ({ data }) => {
    if (data.gone) drop(gettext("You signed out in another tab."));
    else if (data.touched && !layer && data.touched <= Date.now()) {
      touched = Math.max(touched, data.touched);
      if (Date.now() - touched < IDLE - WARN) hideWarning();
    } else if (data.opened) ask();
    else if (data.heard && !(layer && data.heard.state === "open")) hear(data.heard);
    else if (data.heard) ask();
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (status === 423 || status === 401) later(ask, 0); // after the page's own scripts have seen the answer
  });
  document.addEventListener(
    "submit",
    (event) => {
      if (event.target.matches("[data-lock-now]")) {
        event.preventDefault();
        event.stopImmediatePropagation();
        event.target.closest("details")?.removeAttribute("open");
        lockNow();
      } else if (event.target.getAttribute("action") === sheet.dataset.signOut) {
        leaving = true;
        channel?.postMessage({ gone: true });
        later(() => { leaving = false; }, 10000); // it did not go through: this page is still here
      }
    },
    true,
  );
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-stay]")) return;
    hideWarning();
    ask();
  });
})();
