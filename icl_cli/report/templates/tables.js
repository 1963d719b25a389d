"use strict";
// Tables are complete without this script; with it, those of class "sortable" sort by their headings, and filter.
{
  const letters = new Intl.Collator();
  const identity = (text) => text;
  const number = (text) => (text === "" ? NaN : Number(text.replaceAll("−", "-")));
  // Words at even places, and numbers, which may have decimals, at odd ones.
  const parts = (text) => text.split(/(\d+(?:\.\d+)?)/);

  function byCodes(a, b) {
    return a < b ? -1 : Number(a > b);
  }

  function byParts(a, b) {
    for (let place = 0; place < Math.min(a.length, b.length); place++) {
      const difference = place % 2 ? a[place] - b[place] : letters.compare(a[place], b[place]);
      if (difference) return difference;
    }
    return a.length - b.length;
  }

  // How a column is sorted: what its texts are read as, and the order of that. Digits of an id are no number.
  function orderOf(heading) {
    if (heading.hasAttribute("data-id")) return [identity, byCodes];
    return heading.classList.contains("text") ? [parts, byParts] : [number, (a, b) => a - b];
  }

  function makeSortable(table) {
    const body = table.tBodies[0];
    const headings = [...table.tHead.rows[0].cells].filter((cell) => !cell.hasAttribute("data-fixed"));
    for (const heading of headings) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const down = heading.ariaSort === "ascending";
        for (const other of headings) other.removeAttribute("aria-sort");
        heading.ariaSort = down ? "descending" : "ascending";
        sort(body, heading, down ? -1 : 1);
        table.dispatchEvent(new Event("sorted"));
      });
    }
  }

  function sort(body, heading, direction) {
    const [read, compare] = orderOf(heading);
    const keyed = [...body.rows].map((row) => {
      const cell = row.cells[heading.cellIndex];
      return [read(cell.dataset.sort ?? cell.textContent.trim()), row];
    });
    keyed.sort(([a], [b]) => {
      // What has no number stands at the end, whichever way the others are sorted.
      if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
      return direction * compare(a, b);
    });
    body.append(...keyed.map(([, row]) => row));
  }

  // Shows the rows that hold all words of the filter, at first no more of them than a browser lays out at once.
  function makeFilterable(table, bar) {
    const [field, status, all, printed] = ["input", "output", "button", "p"].map((name) => bar.querySelector(name));
    const texts = new Map();
    let most = Number(table.dataset.most);

    function show() {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rows = [...table.tBodies[0].rows];
      for (const row of rows) if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
      const found = rows.filter((row) => words.every((word) => texts.get(row).includes(word)));
      const shown = new Set(found.slice(0, most));
      for (const row of rows) row.hidden = !shown.has(row);
      all.hidden = shown.size === found.length;
      const part = all.hidden ? "" : `, the first ${shown.size} shown`;
      status.value = words.length || part ? `${found.length} of ${rows.length}${part}` : "";
      const first = all.hidden ? "" : `the first ${shown.size} of `;
      const chosen = words.length ? ` with the words “${words.join(" ")}”, of ${rows.length} in all` : "";
      printed.textContent = status.value && `Printed: ${first}${found.length}${chosen}.`;
    }

    function showTarget() {
      const target = table.querySelector("tr:target");
      if (!target?.hidden) return;
      field.value = target.cells[0].textContent.trim();
      show();
      target.scrollIntoView();
    }

    field.addEventListener("input", show);
    all.addEventListener("click", () => show((most = Infinity)));
    table.addEventListener("sorted", show);
    addEventListener("hashchange", showTarget);
    bar.hidden = false;
    show();
    showTarget();
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    makeSortable(table);
    const bar = document.getElementById(`filter-${table.id}`);
    if (bar) makeFilterable(table, bar);
  }
}
