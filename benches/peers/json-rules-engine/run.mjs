// json-rules-engine on the case: one run of all rules for each line, the greatest percentage wins.
import { readFileSync } from "node:fs";
import { Engine } from "json-rules-engine";

const { lines, campaigns } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const engine = new Engine();
for (const { id, brand, colour, percent } of campaigns) {
  engine.addRule({
    name: id,
    conditions: {
      all: [
        { fact: "brand", operator: "equal", value: brand },
        { fact: "colour", operator: "equal", value: colour },
      ],
    },
    event: { type: "off", params: { percent } },
  });
}

async function receipt() {
  let discount = 0;
  for (const { brand, colour, amount } of lines) {
    const { events } = await engine.run({ brand, colour });
    const percent = Math.max(0, ...events.map((event) => event.params.percent));
    discount += Math.round((amount * percent) / 100);
  }
  return discount;
}

const discount = await receipt();
const times = [];
const seconds = Number(process.argv[3] ?? 5);
for (let run = 0; run < 5; run += 1) {
  const end = performance.now() + (seconds * 1000) / 5;
  const start = performance.now();
  let count = 0;
  while (performance.now() < end) {
    await receipt();
    count += 1;
  }
  times.push(((performance.now() - start) * 1000) / count);
}
times.sort((a, b) => a - b);
console.log(`json-rules-engine: ${campaigns.length} campaigns, discount ${discount}, ${times[2].toFixed(1)} us a receipt`);
