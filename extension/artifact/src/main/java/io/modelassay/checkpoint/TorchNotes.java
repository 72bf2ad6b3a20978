package io.modelassay.checkpoint;

import io.modelassay.checkpoint.Finding.Severity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is legal in a file of torch.save and still worth telling. */
final class TorchNotes {

    private TorchNotes() {}

    static List<Finding> of(Path file, TorchStateDict dict, TorchTensors tensors) {
        List<Finding> notes = new ArrayList<>();
        if (!dict.path().isEmpty()) {
            notes.add(Finding.about(
                    file,
                    "nested-state-dict",
                    Severity.WARNING,
                    "The weights lie below " + CheckpointException.quote(String.join(".", dict.path()))
                            + " and not at the root, where transformers looks for them",
                    "save the state dict alone: torch.save(model.state_dict(), path)"));
        }
        if (tensors.unnamed() > 0) {
            notes.add(Finding.about(
                    file,
                    "unused-tensors",
                    Severity.INFO,
                    "The file holds " + tensors.unnamed()
                            + " tensors beside those of the state dict, such as the state of an optimizer",
                    "save the state dict alone: torch.save(model.state_dict(), path)"));
        }
        addStorageNotes(file, tensors, notes);
        return List.copyOf(notes);
    }

    private static void addStorageNotes(Path file, TorchTensors tensors, List<Finding> notes) {
        Map<String, List<TorchTensors.Placed>> byStorage = new LinkedHashMap<>();
        for (TorchTensors.Placed tensor : tensors.placed()) {
            byStorage
                    .computeIfAbsent(tensor.storage().key(), key -> new ArrayList<>(1))
                    .add(tensor);
        }
        List<List<TorchTensors.Placed>> shared =
                byStorage.values().stream().filter(group -> group.size() > 1).toList();
        if (!shared.isEmpty()) {
            notes.add(Finding.about(
                    file,
                    "shared-storage",
                    Severity.INFO,
                    shared.size() + " storages have more than one tensor, first "
                            + CheckpointException.quote(
                                    shared.get(0).get(0).info().name()) + " and "
                            + CheckpointException.quote(
                                    shared.get(0).get(1).info().name()),
                    "nothing needs doing for tied weights; safetensors needs one tensor for each storage"));
        }
        List<List<TorchTensors.Placed>> wasteful = byStorage.values().stream()
                .filter(group -> 2 * used(group) <= group.get(0).storage().byteLength()
                        && group.get(0).storage().byteLength() > 0)
                .toList();
        if (!wasteful.isEmpty()) {
            long wasted = wasteful.stream()
                    .mapToLong(group -> group.get(0).storage().byteLength() - used(group))
                    .sum();
            List<TorchTensors.Placed> first = wasteful.get(0);
            notes.add(Finding.about(
                    file,
                    "storage-larger-than-tensor",
                    Severity.INFO,
                    wasteful.size() + " storages are at least twice as large as what their tensors use, " + wasted
                            + " bytes too many in all; first that of "
                            + CheckpointException.quote(first.get(0).info().name()) + ", which uses " + used(first)
                            + " of " + first.get(0).storage().byteLength() + " bytes",
                    "save copies of slices: {name: tensor.clone() for name, tensor in state_dict.items()}"));
        }
    }

    /** Bytes of a storage from the first to the last that some tensor has, gaps between tensors left out. */
    private static long used(List<TorchTensors.Placed> group) {
        List<TorchTensors.Placed> sorted = new ArrayList<>(group);
        sorted.sort(Comparator.comparingLong(TorchTensors.Placed::firstByte));
        long used = 0;
        long end = 0;
        for (TorchTensors.Placed tensor : sorted) {
            used += Math.max(0, tensor.endByte() - Math.max(end, tensor.firstByte()));
            end = Math.max(end, tensor.endByte());
        }
        return used;
    }
}
