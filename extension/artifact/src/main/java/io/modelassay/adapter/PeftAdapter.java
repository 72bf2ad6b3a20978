package io.modelassay.adapter;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ContentHash;
import io.modelassay.checkpoint.ModelConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * An adapter on disk: {@code adapter_config.json} with {@code adapter_model.safetensors}, else {@code adapter_model.bin}.
 * Opening reads the config and the header; tensor bytes are mapped when asked for.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class PeftAdapter implements AutoCloseable {
    private static final String CONFIG = "adapter_config.json";
    private static final List<String> WEIGHTS = List.of("adapter_model.safetensors", "adapter_model.bin");

    private final Path folder;
    private final AdapterConfig config;
    private final Checkpoint weights;

    private PeftAdapter(Path folder, AdapterConfig config, Checkpoint weights) {
        this.folder = folder;
        this.config = config;
        this.weights = weights;
    }

    /**
     * Opens the adapter in {@code folder}.
     *
     * @throws AdapterException if there is no config or no weights, or the config can't mean anything
     * @throws io.modelassay.checkpoint.CheckpointException if a file is damaged or leads out of the folder
     */
    public static PeftAdapter open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new AdapterException(
                    AdapterProblem.MISSING_ADAPTER_FOLDER,
                    "There is no such adapter folder",
                    folder,
                    "the folder that holds " + CONFIG + "; relative paths start at "
                            + Path.of("").toAbsolutePath());
        }
        Path config = Checkpoint.findFile(folder, CONFIG)
                .orElseThrow(() -> new AdapterException(
                        AdapterProblem.MISSING_ADAPTER_CONFIG,
                        "The folder has no " + CONFIG,
                        folder,
                        elsewhere(folder)));
        AdapterConfig read = AdapterConfig.of(ModelConfig.read(config));
        Path weights = WEIGHTS.stream()
                .flatMap(name -> Checkpoint.findFile(folder, name).stream())
                .findFirst()
                .orElseThrow(() -> new AdapterException(
                        AdapterProblem.MISSING_ADAPTER_WEIGHTS,
                        "The folder has " + CONFIG + " and no weights, neither " + String.join(" nor ", WEIGHTS),
                        folder,
                        "model.save_pretrained(folder) on the PeftModel, or a complete download"));
        return new PeftAdapter(folder, read, Checkpoint.open(weights));
    }

    private static String elsewhere(Path folder) {
        List<String> below = folders(folder).stream()
                .map(found -> String.valueOf(found.getFileName()))
                .toList();
        return below.isEmpty()
                ? "the folder that PeftModel.save_pretrained wrote"
                : "one of the adapters in its sub-folders: " + String.join(", ", below);
    }

    /**
     * The adapters in {@code folder}: itself, where it is one, and those of its sub-folders, where PEFT saves adapters of
     * other names than {@code default}; sorted, not opened.
     */
    public static List<Path> inFolder(Path folder) {
        List<Path> found = new ArrayList<>();
        if (Files.isRegularFile(folder.resolve(CONFIG))) {
            found.add(folder);
        }
        found.addAll(folders(folder));
        return List.copyOf(found);
    }

    private static List<Path> folders(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> Files.isRegularFile(entry.resolve(CONFIG)))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("The folder " + folder + " cannot be listed", e);
        }
    }

    /** The folder that was opened. */
    public Path folder() {
        return folder;
    }

    /** The folder's name. */
    public String name() {
        Path name = folder.toAbsolutePath().normalize().getFileName();
        return name == null ? folder.toString() : name.toString();
    }

    /** {@code adapter_config.json}. */
    public AdapterConfig config() {
        return config;
    }

    /** The tensors. */
    public Checkpoint weights() {
        return weights;
    }

    /** The rank that the tensors have, where all of them have the same; a pattern may give modules different ones. */
    public OptionalLong rank() {
        List<Long> ranks = PeftMethods.of(config)
                .map(method -> method.ranks(weights.tensors().values()))
                .orElse(List.of());
        return ranks.size() == 1 ? OptionalLong.of(ranks.get(0)) : OptionalLong.empty();
    }

    /** Whether the tensors of its method are known here. */
    public boolean hasKnownMethod() {
        return PeftMethods.of(config).isPresent();
    }

    /** Every rank that a tensor has, sorted. */
    public List<Long> ranks() {
        return PeftMethods.of(config)
                .map(method -> method.ranks(weights.tensors().values()))
                .orElse(List.of());
    }

    /** Names of the modules that the tensors are for, as far as their keys have the form of the method's; sorted. */
    public List<String> modules() {
        Optional<PeftMethod> method = PeftMethods.of(config);
        return weights.tensors().keySet().stream()
                .flatMap(key -> method.flatMap(known -> AdapterKey.of(key, known)).stream())
                .map(AdapterKey::module)
                .distinct()
                .sorted()
                .toList();
    }

    /** SHA-256 over names and content of config and weights, as 64 lower-case hexadecimal digits; reads every byte. */
    public String contentHash() {
        SortedMap<String, Path> files = new TreeMap<>();
        files.put(CONFIG, config.json().file());
        weights.tensorFiles().forEach(file -> files.put(String.valueOf(file.getFileName()), file));
        return ContentHash.of(files);
    }

    /** Forgets all mappings. */
    @Override
    public void close() {
        weights.close();
    }

    @Override
    public String toString() {
        return "PeftAdapter[" + folder + "]";
    }
}
