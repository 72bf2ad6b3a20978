package io.modelassay.checkpoint;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** All tensors of a checkpoint, gathered from one file or from the shards of an index. */
final class TensorCatalog {

    private static final List<TensorFormat> FORMATS = List.of(new SafetensorsFormat(), new TorchFormat());

    private final SortedMap<String, TensorInfo> tensors = new TreeMap<>();
    private final List<Path> files = new ArrayList<>();
    private final List<Finding> notes = new ArrayList<>();
    private final Map<String, StridedView> views = new HashMap<>();
    private final Map<String, String> metadata = new TreeMap<>();

    private TensorCatalog() {}

    SortedMap<String, TensorInfo> tensors() {
        return tensors;
    }

    /** Files that hold tensors, sorted by path. */
    List<Path> files() {
        return files;
    }

    /** Free text of the files; where two have the same name in it, that of the first file. */
    Map<String, String> metadata() {
        return metadata;
    }

    List<Finding> notes() {
        return notes;
    }

    /** How to collect the elements of a tensor, or empty if they lie in row-major order without gaps. */
    Optional<StridedView> view(TensorInfo tensor) {
        return tensor.equals(tensors.get(tensor.name()))
                ? Optional.ofNullable(views.get(tensor.name()))
                : Optional.empty();
    }

    long byteSize() {
        return tensors.values().stream().mapToLong(TensorInfo::byteLength).sum();
    }

    static TensorCatalog ofFile(Path file) {
        TensorCatalog catalog = new TensorCatalog();
        catalog.add(file);
        return catalog;
    }

    static TensorCatalog ofIndex(CheckpointFolder folder, ShardIndex index) {
        TensorCatalog catalog = new TensorCatalog();
        Map<String, Path> shards = new TreeMap<>();
        for (String name : new LinkedHashSet<>(index.weightMap().values())) {
            shards.put(name, folder.resolveUntrusted(name, index.file()));
        }
        checkPresent(index, shards);
        Set<Path> distinct = new LinkedHashSet<>(shards.values());
        for (Path shard : distinct) {
            folder.checkRegularAndInside(shard);
            catalog.add(shard);
        }
        catalog.checkAgainst(index, shards);
        catalog.compareTotalSize(index);
        return catalog;
    }

    private static void checkPresent(ShardIndex index, Map<String, Path> shards) {
        List<String> missing = shards.entrySet().stream()
                .filter(shard -> !Files.exists(shard.getValue(), LinkOption.NOFOLLOW_LINKS))
                .map(shard -> CheckpointException.quote(shard.getKey()))
                .toList();
        if (!missing.isEmpty()) {
            throw CheckpointException.of(
                            CheckpointProblem.MISSING_SHARD,
                            "The index names " + shards.size() + " files, " + missing.size() + " of them missing: "
                                    + String.join(", ", missing.subList(0, Math.min(missing.size(), 8)))
                                    + (missing.size() > 8 ? ", …" : ""))
                    .file(index.file())
                    .next("download the missing files");
        }
    }

    private void add(Path file) {
        TensorFormat format = FORMATS.stream()
                .filter(candidate -> candidate.accepts(file.getFileName().toString()))
                .findFirst()
                .orElseThrow(() -> unsupported(file));
        TensorFile read = format.read(file);
        files.add(file);
        notes.addAll(read.notes());
        views.putAll(read.views());
        read.metadata().forEach(metadata::putIfAbsent);
        for (TensorInfo tensor : read.tensors()) {
            TensorInfo other = tensors.putIfAbsent(tensor.name(), tensor);
            if (other != null) {
                throw CheckpointException.of(
                                CheckpointProblem.TENSOR_IN_TWO_SHARDS,
                                "The tensor lies in two files, also in "
                                        + other.file().getFileName())
                        .file(file)
                        .tensor(tensor.name())
                        .at(tensor.offset())
                        .next("remove the shards of an earlier save, or write the checkpoint again");
            }
        }
    }

    static CheckpointException unsupported(Path file) {
        if (String.valueOf(file.getFileName()).endsWith(".gguf")) {
            return CheckpointException.of(
                            CheckpointProblem.UNSUPPORTED_FORMAT,
                            "GGUF files are not read by this version; it reads .safetensors files and files of torch.save"
                                    + " (.bin)")
                    .file(file)
                    .next("the safetensors checkpoint that the GGUF file was made from, or one converted from it, as"
                            + " transformers does with gguf_file=");
        }
        return CheckpointException.of(
                        CheckpointProblem.UNSUPPORTED_FORMAT,
                        "Files of this kind are not read by this version; it reads .safetensors files and"
                                + " files of torch.save (.bin)")
                .file(file)
                .next("convert the checkpoint: model.save_pretrained(folder, safe_serialization=True)");
    }

    private void checkAgainst(ShardIndex index, Map<String, Path> shards) {
        for (Map.Entry<String, String> mapped : index.weightMap().entrySet()) {
            TensorInfo found = tensors.get(mapped.getKey());
            Path shard = shards.get(mapped.getValue());
            if (found == null || !found.file().equals(shard)) {
                throw CheckpointException.of(
                                CheckpointProblem.TENSOR_NOT_IN_SHARD,
                                "The index maps the tensor to " + CheckpointException.quote(mapped.getValue())
                                        + (found == null
                                                ? ", which does not hold it"
                                                : ", it lies in " + found.file().getFileName()))
                        .file(index.file())
                        .tensor(mapped.getKey())
                        .next("write the index again from the shards, or download the shard that belongs to it");
            }
        }
        for (TensorInfo tensor : tensors.values()) {
            if (!index.weightMap().containsKey(tensor.name())) {
                throw CheckpointException.of(
                                CheckpointProblem.TENSOR_NOT_IN_INDEX,
                                "The shard holds a tensor that the index does not map; loaders disagree on it")
                        .file(tensor.file())
                        .tensor(tensor.name())
                        .at(tensor.offset())
                        .next("write the index again from the shards, or download the index that belongs to them");
            }
        }
    }

    private void compareTotalSize(ShardIndex index) {
        long sum = byteSize();
        if (index.totalSize().isPresent() && index.totalSize().getAsLong() != sum) {
            notes.add(Finding.about(
                    index.file(),
                    "total-size-mismatch",
                    Finding.Severity.INFO,
                    "The index gives a total_size of " + index.totalSize().getAsLong() + " bytes, its tensors have "
                            + sum + " bytes",
                    "nothing needs doing for loading; write the index again if a tool relies on the figure"));
        }
    }
}
