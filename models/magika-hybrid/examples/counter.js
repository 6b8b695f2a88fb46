import { readFile } from "node:fs/promises";

/** Counts words of a file, the most frequent first. */
export async function countWords(path) {
  const text = await readFile(path, "utf8");
  const counts = new Map();
  for (const [word] of text.toLowerCase().matchAll(/[a-z']+/g)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1]);
}

if (process.argv[2]) {
  const found = await countWords(process.argv[2]);
  console.log(found.slice(0, 10));
}
