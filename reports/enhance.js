/* Sorting and filtering of the table of figures. Everything is on the page without it; it makes its own controls. */
"use strict";
(() => {
  const box = document.querySelector("#results .results");
  if (!box) return;
  const bodies = [...box.querySelectorAll("tbody")].map((body, place) => {
    const cells = [...body.rows[0].cells];
    const unit = body.rows[0].dataset.unit;
    return { body, place, table: body.parentElement, unit, texts: cells.map((cell) => cell.textContent.trim()) };
  });
  const SCALE = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, ppm: 1, "%": 1e4 };
  const number = (text) => parseFloat(text.replace(/[^0-9.eE+-]/g, ""));
  const ARMS = [2, 3];

  /* A figure sorts by its size in one unit, a word by its letters, what there is not comes last. */
  const keyOf = (entry, column) => {
    const text = entry.texts[column] ?? "";
    const value = number(text.split(" to ")[0]);
    if (Number.isNaN(value)) return column > 1 && text.startsWith("–") ? null : text;
    return ARMS.includes(column) ? value * (SCALE[entry.unit] ?? 1) : value;
  };
  const compare = (a, b) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  };
  const tables = [...box.querySelectorAll("table")];
  const sort = (column, direction) => {
    for (const table of tables) {
      const own = bodies.filter((entry) => entry.table === table);
      own.sort((a, b) => {
        const keys = [keyOf(a, column), keyOf(b, column)];
        const absent = keys.includes(null);
        return (absent ? 1 : direction) * compare(...keys) || a.place - b.place;
      });
      table.append(...own.map((entry) => entry.body));
    }
  };
  const heads = [...tables[0].tHead.rows[0].cells];
  for (const [column, head] of heads.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "descending" : "ascending");
      sort(column, up ? -1 : 1);
    });
  }

  const form = document.createElement("form");
  form.className = "filter";
  form.setAttribute("role", "search");
  const field = document.createElement("input");
  field.type = "search";
  field.autocomplete = "off";
  field.setAttribute("aria-label", "Filter the figures");
  field.placeholder = "Filter: tcp, worse, over …";
  const found = document.createElement("output");
  form.append(field, found);
  box.before(form);
  form.addEventListener("submit", (event) => event.preventDefault());
  const details = [...box.querySelectorAll("details")];
  const opened = new Map();
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { body, table } of bodies) {
      const text = `${table.caption.textContent} ${body.textContent}`.toLowerCase();
      body.hidden = !words.every((word) => text.includes(word));
      shown += !body.hidden;
    }
    for (const table of tables.slice(1)) table.hidden = [...table.tBodies].every((body) => body.hidden);
    for (const part of details) {
      if (!opened.has(part)) opened.set(part, part.open);
      part.hidden = part.querySelector("table").hidden;
      part.open = words.length ? !part.hidden : opened.get(part);
    }
    if (!words.length) opened.clear();
    found.textContent = words.length ? `${shown} of ${bodies.length} groups of figures` : "";
  });
})();
