// Writes the case that every engine gets: node case.mjs CAMPAIGNS > case.json
//
// 12 lines; 20 campaigns match, whatever their number: a percentage off goods of one brand and colour. On eight lines two
// campaigns compete and the customer gets the better one; on four there is one. Thirty more have a brand of the receipt but
// another colour; all others have other brands. Amounts are in minor units.
const campaigns = Number(process.argv[2] ?? 1000);
if (!Number.isInteger(campaigns) || campaigns < 50) {
  console.error("usage: node case.mjs CAMPAIGNS (at least 50)");
  process.exit(2);
}
const lines = Array.from({ length: 12 }, (_, line) => ({
  id: String(line + 1),
  sku: `P${line}`,
  brand: `B${line}`,
  colour: `C${line % 3}`,
  amount: 997 + 100 * line,
}));
const matching = Array.from({ length: 20 }, (_, place) => ({
  brand: `B${place % 12}`,
  colour: `C${(place % 12) % 3}`,
  percent: place < 12 ? 10 : 15,
}));
const near = Array.from({ length: 30 }, (_, place) => ({ brand: `B${place % 12}`, colour: "C9", percent: 20 }));
const others = Array.from({ length: campaigns - 50 }, (_, place) => ({
  brand: `B${100 + place}`,
  colour: `C${place % 3}`,
  percent: 5 + (place % 20),
}));
// Those that match are spread over the list, so that no engine gains by stopping early.
const all = [...matching, ...near, ...others];
const step = 7919; // a prime that divides no number of campaigns used here
const shuffled = all.map((_, place) => all[(place * step) % all.length]);
console.log(JSON.stringify({ lines, campaigns: shuffled.map((campaign, place) => ({ id: `c${place}`, ...campaign })) }));
