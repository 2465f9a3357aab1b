// Names of medicines while one types: a combobox over the plain text field, fed by the protocol. Without it one types as before.
"use strict";

(() => {
  const list = Object.assign(document.createElement("ul"), { id: "medicine-names", className: "medicine-names", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", gettext("Medicines in the protocol"));
  const count = Object.assign(document.createElement("p"), { className: "vh" });
  count.setAttribute("role", "status");
  let field = null;
  let asked = 0;
  let waiting;

  const isField = (element) => element?.matches?.("input[data-medicine]");
  const options = () => [...list.children];
  const chosen = () => list.querySelector('[aria-selected="true"]');

  const close = () => {
    clearTimeout(waiting);
    asked += 1;
    list.hidden = true;
    list.replaceChildren();
    field?.setAttribute("aria-expanded", "false");
    field?.removeAttribute("aria-activedescendant");
  };

  const mark = (option) => {
    for (const other of options()) other.setAttribute("aria-selected", String(other === option));
    if (option) {
      field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else field.removeAttribute("aria-activedescendant");
  };

  // What stands after the name (dose, how often) stays as typed.
  const take = (option) => {
    const rest = field.value.match(/\s*\d.*$/)?.[0] ?? "";
    field.value = option.dataset.name + rest.replace(/^\s*(?=\d)/, " ");
    close();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const put = () => {
    if (list.hidden) return;
    const box = field.getBoundingClientRect();
    const from = (list.offsetParent ?? document.body).getBoundingClientRect();
    list.style.top = `${box.bottom - from.top + 2}px`;
    list.style.left = `${Math.max(0, Math.min(box.left - from.left, from.width - list.offsetWidth - 8))}px`;
  };
  window.addEventListener("resize", put);

  const show = (names) => {
    list.replaceChildren(
      ...names.map(({ name, words }, place) => {
        const option = Object.assign(document.createElement("li"), { id: `medicine-name-${place}` });
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.name = name;
        option.append(Object.assign(document.createElement("b"), { textContent: name }), words ? `: ${words}` : "");
        return option;
      }),
    );
    list.hidden = names.length === 0;
    put();
    field.setAttribute("aria-expanded", String(names.length > 0));
    field.removeAttribute("aria-activedescendant");
    count.textContent = names.length ? interpolate(gettext("%(number)s in the protocol. Arrow keys to choose, Enter to take."), { number: names.length }, true) : "";
  };

  const ask = async () => {
    const turn = (asked += 1);
    const where = field.closest("[data-medicine-names]")?.dataset.medicineNames;
    const token = document.querySelector('input[name="csrfmiddlewaretoken"]')?.value;
    if (!where || !token || field.value.trim().length < 2) {
      close();
      return;
    }
    try {
      const answer = await fetch(where, { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams({ typed: field.value }) });
      if (!answer.ok || turn !== asked) return;
      const { names } = await answer.json();
      if (turn === asked && document.activeElement === field) show(names);
    } catch {
      // Without an answer the field is a plain one.
    }
  };

  const enter = (event) => {
    if (event.target === field) return;
    if (field && !list.contains(event.target)) close();
    if (!isField(event.target)) return;
    field = event.target;
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id], ["autocomplete", "off"]])
      field.setAttribute(name, value);
    // Outside the row: a row is copied when the list of medicines grows.
    const main = document.querySelector("main") ?? document.body;
    if (!list.isConnected) main.append(list, count);
  };
  document.addEventListener("focusin", enter);
  enter({ target: document.activeElement }); // somebody was quicker than this file

  document.addEventListener("input", (event) => {
    if (!isField(event.target) || !event.isTrusted) return;
    clearTimeout(waiting);
    waiting = setTimeout(ask, 120);
  });

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.target !== field || list.hidden) return;
      const all = options();
      const here = all.indexOf(chosen());
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const step = event.key === "ArrowDown" ? 1 : -1;
        const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step;
        mark(all[next] ?? null);
      } else if (event.key === "Enter" && here >= 0) take(all[here]);
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );

  // The press of the mouse must not take the focus out of the field.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("li");
    if (option) take(option);
  });
})();
