package io.modelassay.compatibility;

import io.modelassay.adapter.AdapterException;
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
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An adapter's folder as PEFT comes upon it, whole or not. Read once, for all versions. */
final class AdapterFiles {
    private static final String CONFIG = "adapter_config.json";

    private final Path folder;
    private final Optional<ModelConfig> config;
    private final boolean configExists;
    private final SortedMap<String, Shape> tensors = new TreeMap<>();
    private final Optional<Refusal> weightsRefused;
    private final Values values;

    private AdapterFiles(Path folder) {
        this.folder = folder;
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
    private record Values(Set<String> untouched, Set<String> nonFinite) {
        static final Values NONE = new Values(Set.of(), Set.of());

        static Values of(Path folder) {
            try (PeftAdapter adapter = PeftAdapter.open(folder)) {
                return new Values(
                        Set.copyOf(TrainingState.of(adapter).untouched()),
                        ValueScan.create().scan(adapter.weights()).nonFinite().stream()
                                .map(TensorScan::name)
                                .collect(Collectors.toUnmodifiableSet()));
            } catch (AdapterException | CheckpointException e) {
                return NONE; // of a config that means nothing, which every version says in its own way
            }
        }
    }

    static AdapterFiles in(Path folder) {
        return new AdapterFiles(folder);
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

    /** Whether the tensor still is where the adapter changes nothing. */
    boolean isUntouched(String key) {
        return values.untouched().contains(key);
    }

    /** Whether the tensor holds a NaN or an infinity. */
    boolean isNonFinite(String key) {
        return values.nonFinite().contains(key);
    }
}
