/**
 * A database that the commit "SQLite: bytes and values in one file" has written, the only one with schema 1:
 *
 * ```ts ignore
 * await sqlite.save({ written: "by schema 1" }, "a/b/value.json");
 * await sqlite.save("text", "note.txt");
 * await sqlite.save(new Uint8Array(), "empty.bin");
 * await sqlite.save(new Uint8Array(100_000).fill(7), "a/large.bin");
 * await sqlite.ensureDirectory("a/empty");
 * await sqlite.createSymlink("a/b", "link");
 * ```
 */

const PACKED = "" +
  "H4sIAAAAAAAA/+zdQWscZRzH8d+zmU0yqZsnaVO3NU3zJGBJoKSIeFEQ0zqW4HbTbrbQehB2sxOzJpktm0lNKoKl0JMeheLJCl59AR5Er4Kv" +
  "QN+A4KEHvVgQ2dm0aWx7HAam3w9kwj7PM//58d+FZZ4s2ZUrlXYcurVOd6sRu9c1pkJB7zgnqSDptA4UJXlPPDb7P7q8XLmuZyto4atfSr2T" +
  "S/dlB0Z/GP2g9KB0/zmrAQAAAOBFdqk4WJ6cNNtxo7kZrnZ2ojjs7v8avFALFuuBqy+erwRuf9DNReFu7Jaq9eBiUHPV5bqrXq1U5t1KvbZ0" +
  "ob7uDZXLZXP7XFKv1W2sxcmheKhWMuTmbobd7XYnelzscm3p0mLtuns/uH7WxZ2d1fWw9dwrfTjQv9JkP/n6TrSRHLzDqXtDbq7devZFmntx" +
  "uO3OV5bPP1X/YmGwV7/Tjlrh7up6e7MVRnF3b2C//NXq0pWrgVuqvhtcc8m0W666ZImbu9HohlF81kWNrXD+9i2TJL2zkiRNliSHwqGk+6eO" +
  "OOfcc+Imc/3aT7XF1YL3glpQvRCsPCrVbs33T+nFcPXgWv3x6v74//rfH9xu3woPj2x1Wu219sFT0R+NG92Pwjgp2x846OWIc4+62Ls39+28" +
  "7N/2O/uH/d3etRu2Yt+y81m/8AEAAAAAyMDYGV/+cUnHtNmONhrnmnbGlyknk6Vw60a8N3XKl5k2A0WptNm7+15otqMhc/cbc//fn/85dvKE" +
  "L3/aDBelZHlvdjCZOjo14cufMqaoiagThwvxblz0+lNxuBu/MezLzPSm3x6/2djcCRc+3u5EhZPJivFPZz/ptuM4jGbfnG3uue3V9XCr4V6b" +
  "/ezIuC9j+wGbIyVffv9Bwze+/N6dvzSS3P/fk31o/7I/2nv2V/un/dZ+b3/jVQYAAAAAQNp8zz9uehsNZ454pmz6Gwwz1jPT5mBv4dSo50+b" +
  "x5sJJ0qeP2UebSBMjHlmxjyxXzA85BlrSs3xQc+3plHyPL+U7AKY4QcafsBzCgAA8unul6/e+elzFfXF15UhAABeQJKGkk8BjGX9rgwAAAAA" +
  "ANKU/P3fPpR9SJ8BAAAAAMihAVMwi5KGs/4cAgAAAAAASFfvXw3QYwAAAAAA8q33FQBZZwAAAAAAAOmSdIQeAwAAAACQb5JeyjoDAAAAAABI" +
  "V+8rAOgxAAAAAAD5Jmk06wwAAAAAACBdkiw9BgAAAAAg3ySNZZ0BAAAAAACkS9I4PQYAAAAAIN8kHc06AwAAAAAASJekY/QYAAAAAIB8kzSR" +
  "dQYAAAAAAJAuScfpMQAAAAAA+Sbp5awzAAAAAACAdEkq02MAAAAAAPJN0omsMwAAAAAAgHRJOkmPAQAAAADIN0mvZJ0BAAAAAACkS9IkPQYA" +
  "AAAAIN8knco6AwAAAAAASJekKXoMAAAAAEC+STqddQYAAAAAAJAuSaLHAAAAAAAM5dp/AAAA//8DAANp1TcA4AEA";

/** The etag of its `note.txt`. */
export const NOTE_ETAG = "5";

/** Its bytes. */
export async function schema1(): Promise<Uint8Array> {
  const packed = new Blob([Uint8Array.fromBase64(PACKED)]);
  return await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).bytes();
}
