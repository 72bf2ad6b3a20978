package io.modelassay.checkpoint;

import io.modelassay.checkpoint.Finding.Severity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Decides which files of a folder are the checkpoint, in the order of preference of transformers. */
final class CheckpointLayout {

    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private static final String PICKLED = "pytorch_model.bin";
    private static final String PICKLED_INDEX = "pytorch_model.bin.index.json";
    private static final Pattern SHARD = Pattern.compile(".*-[0-9]{5}-of-[0-9]{5}\\.safetensors");

    private final CheckpointFolder folder;
    private final List<String> names;
    private final List<Finding> notes = new ArrayList<>();

    private CheckpointLayout(CheckpointFolder folder) {
        this.folder = folder;
        this.names = folder.names();
    }

    /** What was chosen, and what was odd about the choice. */
    record Choice(TensorCatalog catalog, List<Finding> notes) {}

    static Choice choose(CheckpointFolder folder) {
        CheckpointLayout layout = new CheckpointLayout(folder);
        TensorCatalog catalog = layout.catalog();
        return new Choice(catalog, layout.notes);
    }

    private TensorCatalog catalog() {
        return named(SINGLE, INDEX).or(() -> named(PICKLED, PICKLED_INDEX)).orElseGet(this::other);
    }

    private Optional<TensorCatalog> named(String single, String index) {
        Optional<Path> file = folder.find(single);
        if (file.isPresent()) {
            TensorCatalog catalog = TensorCatalog.ofFile(file.get());
            Set<String> told = new TreeSet<>(noteStaleIndex(file.get(), index));
            told.add(single);
            noteUnused(told, single);
            return Optional.of(catalog);
        }
        return folder.find(index).map(found -> {
            ShardIndex read = ShardIndex.read(found);
            TensorCatalog catalog = TensorCatalog.ofIndex(folder, read);
            noteUnused(new TreeSet<>(read.weightMap().values()), index);
            return catalog;
        });
    }

    /** None of the names that transformers looks for: one other safetensors file will do, as for AutoGPTQ and PEFT. */
    private TensorCatalog other() {
        List<String> candidates =
                names.stream().filter(name -> name.endsWith(".safetensors")).toList();
        Optional<String> shard = candidates.stream()
                .filter(name -> SHARD.matcher(name).matches())
                .findFirst();
        if (shard.isPresent()) {
            throw CheckpointException.of(
                            CheckpointProblem.MISSING_INDEX,
                            "The folder holds shards such as " + CheckpointException.quote(shard.get()) + " but no "
                                    + INDEX)
                    .file(folder.path())
                    .next("download " + INDEX + ", or write the checkpoint again");
        }
        if (candidates.size() == 1) {
            Path file = folder.find(candidates.get(0)).orElseThrow();
            if (!candidates.get(0).equals("adapter_model.safetensors")) {
                notes.add(Finding.about(
                        file,
                        "unusual-file-name",
                        Severity.WARNING,
                        "The only tensor file is called " + CheckpointException.quote(candidates.get(0))
                                + "; transformers looks for " + SINGLE,
                        "rename it to " + SINGLE + " unless the library it is for asks for this name"));
            }
            return TensorCatalog.ofFile(file);
        }
        if (candidates.size() > 1) {
            throw CheckpointException.of(
                            CheckpointProblem.AMBIGUOUS_TENSOR_FILES,
                            "The folder holds " + candidates.size()
                                    + " tensor files and no index that says which count: " + listed(candidates))
                    .file(folder.path())
                    .next("name the one file to open, or add " + INDEX);
        }
        throw nothingReadable();
    }

    private CheckpointException nothingReadable() {
        List<String> pickled =
                names.stream().filter(CheckpointLayout::isPickled).toList();
        if (!pickled.isEmpty()) {
            return CheckpointException.of(
                            CheckpointProblem.PICKLED_CHECKPOINT,
                            "The folder holds pickled files (" + listed(pickled) + ") and none by a name that loaders"
                                    + " look for")
                    .file(folder.path())
                    .next("name the file to open, or rename it to " + PICKLED + " if it holds the state dict");
        }
        Optional<String> gguf =
                names.stream().filter(name -> name.endsWith(".gguf")).findFirst();
        if (gguf.isPresent()) {
            return TensorCatalog.unsupported(folder.resolve(gguf.get()));
        }
        return CheckpointException.of(
                        CheckpointProblem.NO_TENSOR_FILES,
                        "The folder holds no tensors; it has " + (names.isEmpty() ? "no files" : listed(names)))
                .file(folder.path())
                .next("add " + SINGLE + ", or " + INDEX
                        + " with its shards; check that the upload or download was complete");
    }

    private static boolean isPickled(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return (lower.endsWith(".bin") && !lower.startsWith("training_args"))
                || lower.endsWith(".pt")
                || lower.endsWith(".pth")
                || lower.endsWith(".ckpt")
                || lower.equals(PICKLED_INDEX);
    }

    private static String listed(List<String> all) {
        List<String> quoted =
                all.stream().limit(8).map(CheckpointException::quote).toList();
        return String.join(", ", quoted) + (all.size() > 8 ? ", … (" + all.size() + ")" : "");
    }

    /** Notes the tensor files that are neither used nor told of. */
    private void noteUnused(Set<String> used, String chosen) {
        boolean pickledChosen = chosen.startsWith(PICKLED);
        List<String> unused = names.stream()
                .filter(name -> (name.endsWith(".safetensors") && name.startsWith("model"))
                        || (pickledChosen && name.endsWith(".bin") && name.startsWith("pytorch_model")))
                .filter(name -> !used.contains(name))
                .toList();
        if (!unused.isEmpty()) {
            notes.add(Finding.about(
                    folder.resolve(unused.get(0)),
                    "unused-tensor-file",
                    Severity.WARNING,
                    unused.size() + " tensor files are not part of the checkpoint that loaders choose: "
                            + listed(unused),
                    "remove them if they are left over from an earlier save"));
        }
        List<String> pickled = names.stream()
                .filter(name -> name.startsWith("pytorch_model") && isPickled(name))
                .toList();
        if (!pickled.isEmpty() && !pickledChosen) {
            notes.add(Finding.about(
                    folder.resolve(pickled.get(0)),
                    "second-checkpoint",
                    Severity.INFO,
                    "The folder also holds a pickled checkpoint, which is not compared: " + listed(pickled),
                    "remove it, so that no loader can pick other weights"));
        }
    }

    /** Notes an index beside the one file that loaders prefer; the files that the index names and that are there. */
    private Set<String> noteStaleIndex(Path single, String indexName) {
        Optional<Path> index = folder.find(indexName);
        if (index.isEmpty()) {
            return Set.of();
        }
        Set<String> named;
        try {
            named = new TreeSet<>(ShardIndex.read(index.get()).weightMap().values());
        } catch (CheckpointException e) {
            named = Set.of();
        }
        if (named.equals(Set.of(String.valueOf(single.getFileName())))) {
            return Set.of();
        }
        List<String> unused = named.stream().filter(names::contains).toList();
        notes.add(Finding.about(
                index.get(),
                "stale-index",
                Severity.WARNING,
                "Loaders take " + single.getFileName() + ", and the index beside it names other files"
                        + (named.isEmpty() ? "" : ": " + listed(List.copyOf(named)))
                        + (unused.isEmpty() ? "; none of them is there" : "; they lie unused"),
                "remove the index and its files, or " + single.getFileName()
                        + ", whichever is left over from an earlier save"));
        return new TreeSet<>(unused);
    }
}
