// Sorts a table by the column whose heading is pressed; pressed again, the other way round.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const columns = [...table.tHead.querySelectorAll('th[scope="col"]')];
  // Headings over two rows stand before those of the second row.
  const whole = columns.filter((heading) => heading.rowSpan > 1);
  const order = [...whole, ...columns.filter((heading) => heading.rowSpan === 1)];
  order.forEach((heading, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    const numeric = heading.classList.contains("number");
    button.addEventListener("click", () => {
      const down = heading.hasAttribute("aria-sort") ? heading.getAttribute("aria-sort") === "ascending" : numeric;
      for (const other of columns) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => {
        const cell = row.cells[place];
        return numeric ? BigInt(cell.dataset.value) : cell.textContent;
      };
      const rows = [...body.rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
      body.append(...rows.map(([, row]) => row));
    });
  });
}
