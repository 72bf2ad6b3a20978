package io.modelassay.compatibility;

import io.modelassay.adapter.AdaptedBase;
import io.modelassay.adapter.AdapterCause;
import io.modelassay.adapter.AdapterException;
import io.modelassay.adapter.AdapterReport;
import io.modelassay.adapter.FloatMatrix;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.adapter.TrainingState;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.CheckpointProblem;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An adapter's folder as PEFT comes upon it, whole or not. Read once, for all versions. */
final class AdapterFiles {
    private static final String CONFIG = "adapter_config.json";
    private static final int COMPARED_ROWS = 256;

    private final Path folder;
    private final Optional<ModelConfig> config;
    private final boolean configExists;
    private final SortedMap<String, Shape> tensors = new TreeMap<>();
    private final Optional<Refusal> weightsRefused;
    private final Values values;
    private final Optional<Checkpoint> base;

    private AdapterFiles(Path folder, Optional<Checkpoint> base) {
        this.folder = folder;
        this.base = base;
        Optional<Path> file = Checkpoint.findFile(folder, CONFIG);
        this.configExists = file.isPresent();
        this.config = file.flatMap(AdapterFiles::readConfig);
        Optional<Path> weights = Stream.of("adapter_model.safetensors", "adapter_model.bin")
                .flatMap(name -> Checkpoint.findFile(folder, name).stream())
                .findFirst();
        this.weightsRefused = weights.isEmpty() ? Optional.of(noWeights(folder)) : readTensors(weights.get());
        this.values = weightsRefused.isEmpty() && config.isPresent() ? Values.of(folder) : Values.NONE;
    }

    /** What is known of the values: tensors that still are where the adapter changes nothing, and broken ones. */
    private record Values(Set<String> untouched, Set<String> zeroFactors, Set<String> nonFinite) {
        static final Values NONE = new Values(Set.of(), Set.of(), Set.of());

        static Values of(Path folder) {
            try (PeftAdapter adapter = PeftAdapter.open(folder)) {
                TrainingState training = TrainingState.of(adapter);
                return new Values(
                        Set.copyOf(training.untouched()),
                        Set.copyOf(training.zeroFactors()),
                        ValueScan.create().scan(adapter.weights()).nonFinite().stream()
                                .map(TensorScan::name)
                                .collect(Collectors.toUnmodifiableSet()));
            } catch (AdapterException | CheckpointException e) {
                return NONE; // of a config that means nothing, which every version says in its own way
            }
        }
    }

    static AdapterFiles in(Path folder) {
        return new AdapterFiles(folder, Optional.empty());
    }

    /** The same, with the base whose weights stand beside those that the adapter stores. */
    static AdapterFiles in(Path folder, Checkpoint base) {
        return new AdapterFiles(folder, Optional.of(base));
    }

    private static Optional<ModelConfig> readConfig(Path file) {
        try {
            return Optional.of(ModelConfig.read(file));
        } catch (CheckpointException e) {
            return Optional.empty();
        }
    }

    private Optional<Refusal> readTensors(Path weights) {
        try (Checkpoint checkpoint = Checkpoint.open(weights)) {
            checkpoint.tensors().forEach((name, tensor) -> tensors.put(name, tensor.shape()));
            return Optional.empty();
        } catch (CheckpointException e) {
            boolean pickled = weights.toString().endsWith(".bin");
            return Optional.of(new Refusal(
                    "damaged-weights",
                    pickled ? "UnpicklingError" : "SafetensorError",
                    pickled ? "Weights only load failed" : "Error while deserializing header: " + words(e.problem()),
                    weights.getFileName() + " is damaged: " + e.problem().id(),
                    "download or save the file again"));
        }
    }

    /** As safetensors says it from 0.6 on. */
    private static String words(CheckpointProblem problem) {
        return switch (problem) {
            case EMPTY_FILE, HEADER_TOO_SMALL -> "header too small";
            case GIT_LFS_POINTER, HTML_PAGE, HEADER_TOO_LARGE -> "header too large";
            case TRUNCATED_HEADER -> "invalid header length";
            case HEADER_NOT_UTF8 -> "invalid UTF-8 in header";
            case TRUNCATED_FILE -> "incomplete metadata, file not fully covered";
            default -> "invalid JSON in header";
        };
    }

    private static Refusal noWeights(Path folder) {
        return new Refusal(
                "missing-adapter-weights",
                "HFValidationError",
                "Repo id must be in the form 'repo_name' or 'namespace/repo_name': '" + folder + "'. Use `repo_type`"
                        + " argument if needed.",
                "the folder has neither adapter_model.safetensors nor adapter_model.bin, so PEFT takes its path for the"
                        + " name of a repository",
                "model.save_pretrained(folder) on the PeftModel, or a complete download");
    }

    /** The config, or what PEFT raises for want of one. */
    ModelConfig config() {
        return config.orElseThrow(() -> configExists
                ? new Refusal(
                        "invalid-adapter-config",
                        "JSONDecodeError",
                        "Expecting value: line 1 column 1 (char 0)",
                        CONFIG + " is no JSON object",
                        "the file that save_pretrained wrote")
                : new Refusal(
                        "missing-adapter-config",
                        "ValueError",
                        "Can't find '" + CONFIG + "' at '" + folder + "'",
                        "the folder has no " + CONFIG,
                        "the folder that PeftModel.save_pretrained wrote; other adapters than \"default\" lie in"
                                + " sub-folders"));
    }

    /** Shapes by key, or what PEFT raises for want of weights. */
    SortedMap<String, Shape> tensors() {
        if (weightsRefused.isPresent()) {
            throw weightsRefused.get();
        }
        return tensors;
    }

    /** Why keys or shapes are not what PEFT looks for; none where the files can't be compared. */
    List<AdapterCause> causes(AdaptedBase on) {
        try (PeftAdapter adapter = PeftAdapter.open(folder)) {
            return AdapterReport.of(adapter, on).causes();
        } catch (AdapterException | CheckpointException e) {
            return List.of(); // the prediction says what is wrong with the files
        }
    }

    /** Shapes by key; none where there are no weights to read. */
    SortedMap<String, Shape> tensorsIfReadable() {
        return tensors;
    }

    /**
     * Whether the stored matrix is the base's, but for rows at its end, which resizing makes anew: most of the rows are
     * equal. False where there is no telling.
     */
    boolean repeatsBase(String key, String parameter) {
        if (base.isEmpty()) {
            return false;
        }
        try (PeftAdapter adapter = PeftAdapter.open(folder)) {
            Optional<FloatMatrix> own = FloatMatrix.of(adapter.weights(), key);
            Optional<FloatMatrix> other = baseMatrix(base.get(), parameter);
            return own.isPresent() && other.isPresent() && areAlike(own.get(), other.get());
        }
    }

    /** Of head and embedding only one is stored where they are one. */
    private static Optional<FloatMatrix> baseMatrix(Checkpoint base, String parameter) {
        return FloatMatrix.of(base, parameter)
                .or(() -> base.tensors().keySet().stream()
                        .filter(name -> name.endsWith("." + parameter) || parameter.endsWith("." + name))
                        .findFirst()
                        .flatMap(name -> FloatMatrix.of(base, name)))
                .or(() -> base.tensors().keySet().stream()
                        .filter(name -> name.endsWith("embed_tokens.weight") || name.equals("lm_head.weight"))
                        .findFirst()
                        .flatMap(name -> FloatMatrix.of(base, name)));
    }

    private static boolean areAlike(FloatMatrix own, FloatMatrix base) {
        if (own.rows() != base.rows() || own.columns() != base.columns()) {
            return false;
        }
        int step = Math.max(1, own.rows() / COMPARED_ROWS);
        int compared = 0;
        int equal = 0;
        for (int row = 0; row < own.rows(); row += step) {
            float[] here = own.row(row);
            float[] there = base.row(row);
            boolean same = true;
            for (int i = 0; i < here.length && same; i++) {
                same = base.rounded(here[i]) == there[i] || own.rounded(there[i]) == here[i];
            }
            compared++;
            equal += same ? 1 : 0;
        }
        return 2 * equal > compared;
    }

    /** Whether the tensor still is where the adapter changes nothing. */
    boolean isUntouched(String key) {
        return values.untouched().contains(key);
    }

    /** Whether the tensor is a factor of an update, and all zero. */
    boolean isZeroFactor(String key) {
        return values.zeroFactors().contains(key);
    }

    /** Whether the tensor holds a NaN or an infinity. */
    boolean isNonFinite(String key) {
        return values.nonFinite().contains(key);
    }
}
