// The consultation: saves as one goes, merges the answer without touching a field, steppers, picture and keys.
// Without it the same form works with "Update the proposal".
"use strict";

(() => {
  const form = document.getElementById("consult");
  if (!form) return;
  const byId = (id) => document.getElementById(id);
  const controls = "input, select, textarea";

  // ---- Merging an answer. Nodes are kept where they are: a field that has focus never moves and is never replaced. ----

  const kept = (element) => (element.dataset && element.dataset.keep ? element.dataset.keep.split(" ") : []);

  const mergeAttributes = (old, fresh) => {
    const keep = new Set(kept(old));
    if (old.tagName === "DETAILS") keep.add("open");
    if (old.matches(controls)) for (const name of ["value", "checked"]) if (old.type !== "hidden") keep.add(name);
    for (const { name } of [...old.attributes]) if (!keep.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of [...fresh.attributes]) if (!keep.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  };

  // While a way of the comparison is being taken, the values and reasons of the answer replace what was typed.
  let taking = false;
  const ofAValue = (field) => /^(yours|reason|other|told|meant)\./.test(field.name);
  const mergeField = (old, fresh) => {
    const typed = fresh.dataset.typed;
    const was = old.dataset.was;
    const untouched = was !== undefined && old.value === was;
    if (old.dataset.sync !== undefined || (taking && ofAValue(old))) old.checked = fresh.checked;
    mergeAttributes(old, fresh);
    if (old.type === "hidden") old.value = fresh.getAttribute("value") ?? "";
    else if (document.activeElement !== old && ((taking && ofAValue(old)) || untouched || (typed && typed === old.value))) old.value = fresh.getAttribute("value") ?? "";
  };

  const mergeSelect = (old, fresh) => {
    mergeAttributes(old, fresh);
    if (taking && ofAValue(old)) {
      old.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
      old.value = fresh.value;
      return;
    }
    if (old.innerHTML === fresh.innerHTML || document.activeElement === old) return;
    const value = old.value;
    old.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
    old.value = [...old.options].some((option) => option.value === value) ? value : "";
  };

  const alike = (old, fresh) => old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && (old.id || "") === (fresh.id || "");

  const merge = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    } else if (old.tagName === "SELECT") mergeSelect(old, fresh);
    else if (old.matches(controls)) mergeField(old, fresh);
    else if (!old.isEqualNode(fresh)) {
      mergeAttributes(old, fresh);
      mergeChildren(old, fresh);
    } else if (old.querySelector?.(controls)) mergeChildren(old, fresh);
  };

  const mergeChildren = (old, fresh) => {
    const wanted = new Set([...fresh.children].map((child) => child.id).filter(Boolean));
    for (const child of [...old.children]) if (child.id && !wanted.has(child.id)) child.remove();
    let cursor = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      let match = next.id ? [...old.children].find((child) => child.id === next.id) : null;
      if (!match && cursor && !next.id && alike(cursor, next)) match = cursor;
      if (match && alike(match, next)) {
        if (match !== cursor) old.insertBefore(match, cursor);
        merge(match, next);
        cursor = match.nextSibling;
      } else old.insertBefore(document.importNode(next, true), cursor);
    }
    while (cursor) {
      const gone = cursor;
      cursor = cursor.nextSibling;
      gone.remove();
    }
  };

  let lastSaid = 0;
  let saying;
  const announce = (text) => {
    clearTimeout(saying);
    saying = setTimeout(() => {
      lastSaid = Date.now();
      if (byId("live").textContent !== text) byId("live").textContent = text;
    }, Math.max(0, 1000 - (Date.now() - lastSaid)));
  };

  const showFaults = (list) => {
    const faults = new Map([...list.children].map((item) => [item.dataset.for, item.textContent]));
    for (const place of form.querySelectorAll("[data-error]")) {
      const words = faults.get(place.dataset.error) ?? "";
      place.textContent = words;
      place.hidden = !words;
      const field = byId(`f-${place.dataset.error}`);
      if (field) {
        if (words) field.setAttribute("aria-invalid", "true");
        else field.removeAttribute("aria-invalid");
      }
    }
  };

  const mergeAnswer = (fragment) => {
    const focused = document.activeElement;
    const focusedId = focused && focused !== document.body ? focused.id : "";
    for (const part of [...fragment.children]) {
      if (part.id === "faults") showFaults(part);
      else if (part.id === "announce") announce(part.textContent);
      else {
        const old = byId(part.id);
        if (old) merge(old, part);
      }
    }
    taking = false;
    for (const row of form.querySelectorAll(".why-row[data-needs-open]")) setWhy(row.id.slice(4), true);
    for (const row of form.querySelectorAll(".why-row")) setWhy(row.id.slice(4), row.classList.contains("is-open"));
    if (focusedId && !document.contains(focused)) (byId(focusedId) ?? byId("proposal")).focus({ preventScroll: true });
  };

  if (window.htmx) {
    window.htmx.defineExtension("plan-merge", {
      isInlineSwap: (style) => style === "merge",
      handleSwap: (style, target, fragment) => {
        if (style !== "merge") return false;
        mergeAnswer(fragment);
        return [target];
      },
    });
  }

  // ---- Saving: dimmed while waiting, said in words when it cannot be saved, tried again by itself. ----

  let action = null;
  let lastSaved = (byId("saved")?.textContent.match(/\d\d:\d\d/) ?? [""])[0];
  let again;
  const act = (name, value) => {
    action = { name, value };
    window.htmx.trigger(form, "act");
  };
  const nudge = () => window.htmx?.trigger(form, "nudge");
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (event.target !== form || !action) return;
    event.detail.parameters[action.name] = action.value;
    taking = action.name === "way";
    action = null;
  });
  document.body.addEventListener("signedInAgain", nudge);
  let waiting;
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target !== form) return;
    clearTimeout(again);
    waiting = setTimeout(() => byId("proposal").classList.add("waiting-for"), 300);
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== form) return;
    clearTimeout(waiting);
    byId("proposal").classList.remove("waiting-for");
    const saved = byId("saved");
    const status = event.detail.xhr?.status ?? 0;
    if (status === 200) {
      saved.classList.remove("late");
      lastSaved = (saved.textContent.match(/\d\d:\d\d/) ?? [lastSaved])[0];
      return;
    }
    // Without an answer, or signed out meanwhile: it is tried again by itself. Anything else is the person's to settle.
    const trying = status === 0 || status === 401 || status >= 500;
    saved.classList.add("late");
    saved.replaceChildren(Object.assign(document.createElement("i"), { className: "dot" }), interpolate(trying ? gettext("Not saved since %(time)s, still trying") : gettext("Not saved since %(time)s"), { time: lastSaved }, true));
    if (trying) again = setTimeout(nudge, 5000);
  });

  // ---- Zone rows: steppers and reasons ----

  const number = (text) => {
    const plain = text.trim().replace(",", ".");
    return /^\d*\.?\d+$/.test(plain) ? Number(plain) : null;
  };
  const written = (value) => String(Math.round(value * 100) / 100);
  const setWhy = (zone, open) => {
    const row = byId(`why-${zone}`);
    if (!row) return;
    row.classList.toggle("is-open", open);
    form.querySelector(`[data-why="${CSS.escape(zone)}"]`)?.setAttribute("aria-expanded", String(open));
  };
  const isOpen = (zone) => byId(`why-${zone}`)?.classList.contains("is-open");
  const stepBy = (input, by) => {
    const now = number(input.value) ?? number(input.dataset.was) ?? 0;
    const size = Math.abs(by);
    // From a value between two steps the next whole step is taken.
    const next = by > 0 ? Math.floor(now / size + 1e-9) * size + size : Math.ceil(now / size - 1e-9) * size - size;
    if (next <= 0) return;
    input.value = written(next);
    nudge();
  };
  const back = (name) => {
    const input = byId(`yours-${name}`);
    if (!input) return;
    input.value = input.dataset.was;
    input.focus();
    nudge();
  };

  form.addEventListener("input", (event) => {
    if (event.target.closest(".step")) nudge();
    const list = event.target.closest("[data-rows]");
    if (list) growList(list);
  });

  // ---- Lists: an empty row stands ready; filling it makes the next one ----

  const rowIsEmpty = (row) => [...row.querySelectorAll("input:not([type=hidden]), select")].every((field) => !field.value);
  const growList = (list) => {
    const rows = [...list.querySelectorAll("[data-row]")];
    const last = rows.at(-1);
    if (!last || rowIsEmpty(last)) return;
    const [kind, index] = last.dataset.row.split(".");
    const next = last.cloneNode(true);
    const from = `${kind}.${index}.`;
    const to = `${kind}.${Number(index) + 1}.`;
    next.dataset.row = to.slice(0, -1);
    for (const element of next.querySelectorAll("*")) {
      for (const name of ["id", "name", "for", "aria-describedby", "data-error"]) {
        const value = element.getAttribute(name);
        if (value?.includes(from)) element.setAttribute(name, value.replace(from, to));
      }
      if (element.matches("input")) element.value = "";
      if (element.matches("select")) element.selectedIndex = 0;
      if (element.matches(".error")) {
        element.textContent = "";
        element.hidden = true;
      }
      if (element.name === "remove") element.value = next.dataset.row;
    }
    last.querySelector("[name=remove]").hidden = false;
    list.append(next);
    // Saying that there are some takes back "none".
    const none = list.parentElement.querySelector('input[type="checkbox"][value="none"]');
    if (none) none.checked = false;
  };

  // ---- Clicks ----

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.step) {
      stepBy(button.closest(".step").querySelector("input:not([type=hidden])"), Number(button.dataset.step));
    } else if (button?.dataset.why) setWhy(button.dataset.why, !isOpen(button.dataset.why));
    else if (button?.dataset.back) back(button.dataset.back);
    else if (window.htmx && button?.name === "remove") {
      event.preventDefault();
      const list = button.closest("[data-rows]");
      button.closest("[data-row]").remove();
      (list.querySelector("input:not([type=hidden]), select") ?? list).focus();
      nudge();
    } else if (window.htmx && ["decide", "lift", "keep", "way", "said"].includes(button?.name)) {
      event.preventDefault();
      act(button.name, button.value);
    }
    const zone = event.target.closest?.("[data-zone]");
    if (zone) pressZone(zone.dataset.zone);
  });

  // A link into the form opens what it lies in and puts focus on the field.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    const goal = byId(decodeURIComponent(link.hash.slice(1)));
    if (!goal || goal.id === "main") return;
    event.preventDefault();
    if (goal.id === "all-reasons") for (const row of form.querySelectorAll(".why-row")) setWhy(row.id.slice(4), true);
    reveal(goal);
  });
  const reveal = (goal) => {
    for (let up = goal; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    const row = goal.closest(".why-row");
    if (row) setWhy(row.id.slice(4), true);
    const inside = goal.matches("input, select, textarea, button, a, summary") ? goal : goal.querySelector('input:not([type="hidden"]), select, button, summary');
    const target = goal.closest(".check-row") ? inside : goal.hasAttribute("tabindex") && !inside ? goal : inside ?? goal;
    target.focus();
    goal.scrollIntoView({ block: "center" });
  };

  // ---- Concerns, questions and the picture ----

  const chosenConcerns = () => [...form.querySelectorAll('input[name="concern"]:checked')].map((box) => box.value);
  const mapConcern = () => {
    const chosen = chosenConcerns();
    const marked = form.querySelector('input[name="map_for"]:checked')?.value;
    return chosen.includes(marked) ? marked : chosen[0];
  };
  const pressZone = (zone) => {
    const box = form.querySelector(`[data-zones="${CSS.escape(mapConcern() ?? "")}"] input[value="${CSS.escape(zone)}"]`);
    if (!box) return;
    box.checked = !box.checked;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const followConcerns = () => {
    const chosen = chosenConcerns();
    for (const part of form.querySelectorAll(".of-concern")) part.hidden = !chosen.includes(part.dataset.concern);
    for (const part of form.querySelectorAll("[data-no-concern]")) part.hidden = chosen.length > 0;
    for (const part of form.querySelectorAll("[data-map-for]")) part.hidden = chosen.length < 2;
  };
  form.addEventListener("change", (event) => {
    const field = event.target;
    if (field.name === "concern") followConcerns();
    if (field.name?.startsWith("q.")) {
      const covers = form.querySelector(`[data-covers="${CSS.escape(field.name.slice(2))}"]`);
      if (covers) covers.hidden = field.value !== "yes";
    }
    if (field.dataset.rule !== undefined) field.closest(".cover").querySelector("[data-more]").hidden = !field.checked;
    if (field.name?.startsWith("reason.")) {
      const box = byId(`other-box-${field.name.slice(7)}`);
      if (box) box.hidden = field.value !== "other";
    }
    if (field.name === "numbing") byId("numbing-other-box").hidden = field.value !== "other";
  });

  // ---- Keys. None acts where a letter is typed; the clinic may switch single keys off. ----

  const questions = () => [...form.querySelectorAll(".check-row")].filter((row) => row.offsetParent !== null);
  const answer = (row, value) => {
    const choice = row.querySelector(`input[value="${value}"]`);
    if (!choice) return;
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    if (value === "yes" && row.querySelector(".covers input")) {
      row.querySelector(".covers input").focus();
      return;
    }
    const all = questions();
    const next = all[all.indexOf(row) + 1];
    if (next) {
      next.querySelector("input").focus();
      next.scrollIntoView({ block: "nearest" });
    } else choice.focus();
  };
  const writes = (element) => element.matches('input:not([type="radio"], [type="checkbox"]), select, textarea');

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      (byId("accept") ?? byId("send") ?? byId("close"))?.click();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    const step = target.closest?.(".step");
    if (step && writes(target) && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      stepBy(target, Number(step.querySelector("button:last-of-type").dataset.step) * (event.key === "ArrowUp" ? 1 : -1));
      return;
    }
    if (event.key === "Enter" && target.matches?.("#consult input")) {
      event.preventDefault();
      if (window.htmx) target.blur(), target.focus(), nudge();
      return;
    }
    if (!("keys" in document.body.dataset)) return;
    // A depth holds figures only, so the letters w and r are free there.
    const zoneField = target.closest?.(".zone-row .step") !== null && target.matches?.(".zone-row .step input");
    if (writes(target) && !zoneField) return;
    const question = target.closest?.(".check-row");
    const key = event.key.toLowerCase();
    if (question && (key === "y" || key === "n") && target.name?.startsWith("q.")) {
      event.preventDefault();
      answer(question, key === "y" ? "yes" : "no");
      return;
    }
    const row = target.closest?.(".zone-row") ?? target.closest?.(".why-row")?.previousElementSibling;
    if (key === "w" && row) {
      event.preventDefault();
      setWhy(row.dataset.zoneRow, !isOpen(row.dataset.zoneRow));
    } else if (key === "r" && row) {
      event.preventDefault();
      back(`depth.${row.dataset.zoneRow}`);
    } else if (/^[1-9]$/.test(key) && !zoneField) {
      const wanted = form.querySelector(`.zone-row[data-key="${key}"] .step input`);
      if (wanted) {
        event.preventDefault();
        wanted.focus();
        wanted.select();
      }
    }
  });

  for (const row of form.querySelectorAll(".why-row[data-needs-open]")) setWhy(row.id.slice(4), true);

  // The proposal sticks below the header; one taller than the window sticks when its end is reached, so all of it can be read.
  const stick = () => {
    if (!form.isConnected) return; // covered by the lock
    const header = document.querySelector(".story")?.offsetHeight ?? 0;
    const room = window.innerHeight - (byId("bar")?.offsetHeight ?? 0) - 14;
    form.style.setProperty("--stick", `${Math.min(header + 14, room - byId("proposal").offsetHeight)}px`);
  };
  new ResizeObserver(stick).observe(byId("proposal"));
  window.addEventListener("resize", stick);
})();
