
// A click on a column's name sorts the table by it, a second click the other way round; empty cells stay last.
for (const table of document.querySelectorAll("table.sortable")) {
  table.tHead.addEventListener("click", (event) => {
    const header = event.target.closest("button")?.closest("th");
    if (!header) return;
    const direction = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    const sign = direction === "ascending" ? 1 : -1;
    const numeric = header.classList.contains("number");
    const value = (row) => row.cells[header.cellIndex].dataset.value ?? "";
    const compare = (a, b) => {
      if (value(a) === "" || value(b) === "") return (value(a) === "") - (value(b) === "");
      const order = numeric ? value(a) - value(b) : value(a).localeCompare(value(b), "en", { numeric: true });
      return sign * order;
    };
    for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    const body = table.tBodies[0];
    body.append(...Array.from(body.rows).sort(compare));
  });
}
