// A table that is folded away and filled while it is open, with its download.

import { button, element } from "./elements.js";

// `opened` is called when the reader opens it. The names of the columns and the rows follow by `show`.
export function foldedTable(filename, opened) {
  const details = element("details"), summary = element("summary", "", "As a table"), table = element("table");
  const csv = button("CSV", () => save(table, filename), "download");
  csv.className = "csv";
  csv.setAttribute("aria-label", "Download the table as CSV");
  details.append(summary, table, csv);
  details.addEventListener("toggle", opened);
  return {
    details, summary,
    show(names, rows) {
      if (details.open) table.replaceChildren(line("th", names), ...rows.map((cells) => line("td", cells)));
    },
  };
}

function line(name, cells) {
  const made = element("tr");
  made.append(...cells.map((words) => element(name, "", words)));
  if (name === "th") for (const cell of made.children) cell.scope = "col";
  return made;
}

// As a spreadsheet reads it: the byte order mark tells Excel that it is UTF-8.
function save(table, filename) {
  const quoted = ({ textContent }) => (/[",\r\n]/.test(textContent) ? `"${textContent.replaceAll('"', '""')}"` : textContent);
  const lines = [...table.rows].map(({ cells }) => [...cells].map(quoted).join(","));
  const link = element("a"), address = URL.createObjectURL(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
  Object.assign(link, { href: address, download: `${filename}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
