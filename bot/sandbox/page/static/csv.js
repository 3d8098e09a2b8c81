// Reads comma-separated values as RFC 4180 has them: quoted fields, doubled quotes, line breaks inside quotes.

/**
 * Read the first rows.
 *
 * @param {string} content
 * @param {number} most How many rows at most.
 * @returns {{rows: string[][], isCut: boolean}} `isCut` when there are more rows.
 */
export function parseCsv(content, most) {
  const words = content.replace(/^\uFEFF/, "");
  const pattern = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|\r|\n|$)/gy;
  const rows = [];
  let row = [];
  while (pattern.lastIndex < words.length) {
    const found = pattern.exec(words);
    // A quote in the middle of a field is against the rules: the rest is shown as it stands.
    if (!found) return { rows, isCut: true };
    row.push(unquoted(found[1]));
    if (found[2] === ",") {
      if (pattern.lastIndex === words.length) row.push("");
      else continue;
    }
    rows.push(row);
    row = [];
    if (rows.length === most) return { rows, isCut: pattern.lastIndex < words.length };
  }
  if (row.length > 0) rows.push(row);
  return { rows, isCut: false };
}

function unquoted(field) {
  return field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
}
