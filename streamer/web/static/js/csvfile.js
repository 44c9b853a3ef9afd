// Notes as the table that `streamer transcribe --notes` writes.

const HEADER = "onset_s,offset_s,midi,emit_s,note,velocity,latency_ms";

export function csvFile(notes, endS) {
  const rows = notes.map((note) =>
    [
      note.onsetS.toFixed(6), (note.endS ?? endS).toFixed(6), (note.midi ?? note.note).toFixed(4),
      (note.emitS ?? note.onsetS).toFixed(6), note.note, note.velocity, (note.latencyMs ?? 0).toFixed(3),
    ].join(","),
  );
  return `${[HEADER, ...rows].join("\n")}\n`;
}
