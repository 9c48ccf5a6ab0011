// Sorting and filtering of the routing map, and unfolded details on paper. Without this script
// the page shows the same, in the order in which it was written.
(function () {
  "use strict";

  const table = document.querySelector("table[data-sortable]");
  if (table) {
    const body = table.tBodies[table.tBodies.length - 1];
    const rows = Array.from(body.rows);
    const strongest = new Set(rows.filter((row) => !row.hidden));
    const names = new Map(
      rows.map((row) => [row, (row.cells[0].textContent + "\n" + row.cells[1].textContent).toLowerCase()])
    );
    const status = document.getElementById("map-status");
    const filter = document.getElementById("map-filter");
    const all = document.getElementById("map-all");
    const leftOut = Number(status.dataset.leftOut);

    const sorted = { column: -1, descending: false, name: "" };

    const show = function () {
      const wanted = filter.value.trim().toLowerCase();
      const every = all.getAttribute("aria-pressed") === "true";
      let shown = 0;
      for (const row of rows) {
        const visible = wanted ? names.get(row).includes(wanted) : every || strongest.has(row);
        row.hidden = !visible;
        shown += visible ? 1 : 0;
      }
      const total = rows.length + leftOut;
      const order = sorted.name ? ", by " + sorted.name + (sorted.descending ? ", largest first" : ", smallest first") : "";
      status.textContent =
        (wanted ? "Matching: " : every ? "All: " : "The strongest: ") +
        shown + " of " + total + " entities" + order + "; " + (total - shown) + " are not shown.";
    };

    const value = function (cell) {
      const number = Number.parseFloat(cell.textContent.replace(/[^0-9.+-]/g, ""));
      return Number.isNaN(number) ? -Infinity : number;
    };

    const sort = function (column, heading, name) {
      const isText = column < 2;
      const before = heading.getAttribute("aria-sort");
      const descending = before ? before === "ascending" : !isText;
      for (const other of table.tHead.rows[0].cells) {
        other.removeAttribute("aria-sort");
      }
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const direction = descending ? -1 : 1;
      const compare = isText
        ? (a, b) => a.cells[column].textContent.localeCompare(b.cells[column].textContent)
        : (a, b) => value(a.cells[column]) - value(b.cells[column]);
      rows.sort((a, b) => direction * compare(a, b));
      body.append(...rows);
      Object.assign(sorted, { column: column, descending: descending, name: name });
      show();
    };

    Array.from(table.tHead.rows[0].cells).forEach(function (heading, column) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      const name = button.textContent.trim();
      heading.append(button);
      button.addEventListener("click", () => sort(column, heading, name));
    });
    filter.addEventListener("input", show);
    all.addEventListener("click", function () {
      all.setAttribute("aria-pressed", String(all.getAttribute("aria-pressed") !== "true"));
      show();
    });
    document.getElementById("map-tools").hidden = false;
  }

  window.addEventListener("beforeprint", function () {
    for (const one of document.querySelectorAll("details")) {
      one.open = true;
    }
  });
})();
