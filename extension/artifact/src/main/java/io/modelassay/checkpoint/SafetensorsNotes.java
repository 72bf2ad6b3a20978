package io.modelassay.checkpoint;

import io.modelassay.checkpoint.Finding.Severity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What is legal in a safetensors file and still worth telling. */
final class SafetensorsNotes {

    private SafetensorsNotes() {}

    static List<Finding> of(Path file, List<TensorInfo> tensors, SafetensorsHeader header) {
        List<Finding> notes = new ArrayList<>();
        String format = header.metadata().get("format");
        // Every transformers release that checks the format also knows mlx.
        if (!"pt".equals(format) && !"mlx".equals(format)) {
            notes.add(Finding.about(
                    file,
                    "missing-format-metadata",
                    Severity.WARNING,
                    "The header's __metadata__ has "
                            + (format == null ? "no format" : "the format " + CheckpointException.quote(format))
                            + " instead of \"pt\"; some transformers releases refuse to load the file",
                    "write the file again with metadata={\"format\": \"pt\"}"));
        }
        List<TensorInfo> unaligned = tensors.stream()
                .filter(tensor -> tensor.offset() % Math.max(1, tensor.type().bits() / 8) != 0)
                .toList();
        if (!unaligned.isEmpty()) {
            notes.add(Finding.about(
                    file,
                    "unaligned-tensor",
                    Severity.INFO,
                    unaligned.size() + " of " + tensors.size()
                            + " tensors do not start at a multiple of their element size, first "
                            + CheckpointException.quote(unaligned.get(0).name()) + " at byte "
                            + unaligned.get(0).offset(),
                    "write the file again with a current safetensors library if a reader needs aligned data"));
        }
        for (int i = 1; i < tensors.size(); i++) {
            if (SafetensorsOrder.COMPARATOR.compare(tensors.get(i - 1), tensors.get(i)) > 0
                    && tensors.get(i).byteLength() > 0
                    && tensors.get(i - 1).byteLength() > 0) {
                notes.add(Finding.about(
                        file,
                        "unsorted-tensors",
                        Severity.INFO,
                        "The data is not in the order of the reference writer (widest type first, then by name): "
                                + CheckpointException.quote(tensors.get(i).name()) + " comes after "
                                + CheckpointException.quote(tensors.get(i - 1).name()),
                        "nothing needs doing; files of the same tensors may differ in their hash"));
                break;
            }
        }
        return List.copyOf(notes);
    }
}
