"use strict";
// Tables are complete without this script; with it, those of class "sortable" sort by their headings, and filter.
{
  const order = new Intl.Collator(undefined, { numeric: true });
  const number = (text) => (text === "" ? NaN : Number(text.replace("−", "-")));

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
        sort(body, heading.cellIndex, down ? -1 : 1);
        table.dispatchEvent(new Event("sorted"));
      });
    }
  }

  function sort(body, column, direction) {
    const keyed = [...body.rows].map((row) => [row.cells[column].dataset.sort ?? row.cells[column].textContent.trim(), row]);
    keyed.sort(([a], [b]) => {
      // What has no number stands at the end, whichever way the others are sorted.
      const [x, y] = [number(a), number(b)];
      if (Number.isNaN(x) && Number.isNaN(y)) return direction * order.compare(a, b);
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
      return direction * (x - y);
    });
    body.append(...keyed.map(([, row]) => row));
  }

  // Shows the rows that hold all words of the filter, at first no more of them than a browser lays out at once.
  function makeFilterable(table, bar) {
    const [field, status, all] = ["input", "output", "button"].map((name) => bar.querySelector(name));
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
