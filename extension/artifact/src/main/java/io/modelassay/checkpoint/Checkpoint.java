package io.modelassay.checkpoint;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A model artifact on disk: tensors, configuration, tokenizer. Opening reads headers, the index and the configuration;
 * tensor bytes are mapped when asked for. Safe for use by several threads.
 *
 * <p>The files chosen are those that transformers chooses: {@code model.safetensors}, else
 * {@code model.safetensors.index.json} and its shards, else {@code pytorch_model.bin}, else {@code
 * pytorch_model.bin.index.json} and its shards, else the only {@code .safetensors} file of the folder.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class Checkpoint implements AutoCloseable {

    private static final String CONFIG = "config.json";
    private static final String TOKENIZER = "tokenizer.json";
    private static final int COMPARED_BYTES = 1 << 26;

    private final CheckpointFolder folder;
    private final TensorCatalog catalog;
    private final ModelConfig config;
    private final Optional<ModelConfig> generationConfig;
    private final Optional<Path> tokenizer;
    private final List<Finding> notes;
    private final TensorMapping mapping = new TensorMapping();
    private final Object hashLock = new Object();
    private final List<Finding> notesOnChoice;
    private @Nullable String contentHash;

    private Checkpoint(CheckpointFolder folder, TensorCatalog catalog, List<Finding> layoutNotes) {
        this.folder = folder;
        this.catalog = catalog;
        this.config =
                folder.find(CONFIG).map(ModelConfig::read).orElseGet(() -> ModelConfig.absent(folder.resolve(CONFIG)));
        this.generationConfig = folder.find("generation_config.json").map(ModelConfig::read);
        this.tokenizer = folder.find(TOKENIZER);
        tokenizer.ifPresent(file -> {
            FileSignature.check(file);
            JsonDocument.checkEnd(file);
        });
        this.notesOnChoice = List.copyOf(layoutNotes);
        List<Finding> all = new ArrayList<>(layoutNotes);
        all.addAll(catalog.notes());
        this.notes = List.copyOf(all);
    }

    /**
     * Opens a checkpoint.
     *
     * @param path a folder, or one {@code .safetensors} or {@code .bin} file, whose folder then gives configuration and tokenizer
     * @throws CheckpointException if anything needed is missing, damaged or leads out of the folder; see
     *     {@link CheckpointProblem}
     */
    public static Checkpoint open(Path path) {
        if (Files.isRegularFile(path)) {
            Path parent = path.getParent();
            CheckpointFolder folder = CheckpointFolder.of(parent == null ? Path.of("") : parent);
            return new Checkpoint(folder, TensorCatalog.ofFile(path), List.of());
        }
        CheckpointFolder folder = CheckpointFolder.of(path);
        CheckpointLayout.Choice choice = CheckpointLayout.choose(folder);
        return new Checkpoint(folder, choice.catalog(), choice.notes());
    }

    /**
     * A file of {@code folder}, if there is one, before anything of the folder has been opened.
     *
     * @param name a name of the caller's own choice, never one that a file of the checkpoint holds
     * @throws CheckpointException if there is no such folder, or the file is no regular one or a link that leaves the folder
     */
    public static Optional<Path> findFile(Path folder, String name) {
        return CheckpointFolder.of(folder).find(name);
    }

    /** The folder that was opened, or that holds the file that was opened; as given, not made absolute. */
    public Path folder() {
        return folder.path();
    }

    /** {@code config.json}; if the file is absent, a config without keys whose accessors say so. */
    public ModelConfig config() {
        return config;
    }

    /** {@code generation_config.json}, if there is one. */
    public Optional<ModelConfig> generationConfig() {
        return generationConfig;
    }

    /** All tensors, sorted by name. Unmodifiable. */
    public SortedMap<String, TensorInfo> tensors() {
        return Collections.unmodifiableSortedMap(catalog.tensors());
    }

    /** The tensor of this name, or empty. */
    public Optional<TensorInfo> find(String name) {
        return Optional.ofNullable(catalog.tensors().get(name));
    }

    /**
     * The tensor of this name.
     *
     * @throws CheckpointException ({@code unknown-tensor}) naming the most similar names, if there is none
     */
    public TensorInfo tensor(String name) {
        return find(name).orElseThrow(() -> {
            List<String> near = NearestNames.of(name, catalog.tensors().keySet(), 3).stream()
                    .map(CheckpointException::quote)
                    .toList();
            return CheckpointException.of(
                            CheckpointProblem.UNKNOWN_TENSOR,
                            "The checkpoint has no such tensor among its "
                                    + catalog.tensors().size())
                    .file(folder())
                    .tensor(name)
                    .next(
                            near.isEmpty()
                                    ? "check that this is the right folder; it has no tensors at all"
                                    : "one of the most similar names: " + String.join(", ", near));
        });
    }

    /**
     * Maps the bytes of a tensor: direct, read-only, little-endian, position 0, at no particular alignment. The buffer
     * stays valid after {@link #close}; it must not be read after the file has been overwritten or cut. A tensor that
     * {@code torch.save} stored transposed, as part of a larger one or expanded is copied into row-major order instead.
     *
     * @throws CheckpointException ({@code tensor-too-large}) if the tensor has more than 2<sup>31</sup>-1 bytes, or if the
     *     file changed or the checkpoint is closed
     */
    public ByteBuffer map(TensorInfo tensor) {
        if (tensor.byteLength() > Integer.MAX_VALUE) {
            throw CheckpointException.of(
                            CheckpointProblem.TENSOR_TOO_LARGE,
                            "The tensor has " + tensor.byteLength() + " bytes, one buffer holds at most "
                                    + Integer.MAX_VALUE + " bytes")
                    .file(tensor.file())
                    .tensor(tensor.name())
                    .at(tensor.offset())
                    .next("map it in slices: map(tensor, byteOffset, byteLength)");
        }
        return map(tensor, 0, (int) tensor.byteLength());
    }

    /**
     * Maps part of the bytes of a tensor, like {@link #map(TensorInfo)}.
     *
     * @param byteOffset first byte, counted from the start of the tensor
     * @param byteLength number of bytes
     * @throws CheckpointException ({@code out-of-range}) if the tensor does not have these bytes, or if the file changed or
     *     the checkpoint is closed
     */
    public ByteBuffer map(TensorInfo tensor, long byteOffset, int byteLength) {
        if (byteOffset < 0 || byteLength < 0 || byteOffset > tensor.byteLength() - byteLength) {
            throw CheckpointException.of(
                            CheckpointProblem.OUT_OF_RANGE,
                            "The tensor has " + tensor.byteLength() + " bytes, asked for " + byteLength
                                    + " bytes from byte " + byteOffset)
                    .file(tensor.file())
                    .tensor(tensor.name())
                    .next("ask for a range inside the tensor");
        }
        Optional<StridedView> view = catalog.view(tensor);
        return view.isPresent() && byteLength > 0
                ? view.get().gather(mapping, tensor, byteOffset, byteLength)
                : mapping.map(tensor.file(), tensor.offset() + (view.isPresent() ? 0 : byteOffset), byteLength);
    }

    /** Whether two tensors have the same bytes; types and shapes are not compared. */
    public boolean contentEquals(TensorInfo tensor, Checkpoint other, TensorInfo twin) {
        if (tensor.byteLength() != twin.byteLength()) {
            return false;
        }
        for (long at = 0; at < tensor.byteLength(); at += COMPARED_BYTES) {
            int length = (int) Math.min(COMPARED_BYTES, tensor.byteLength() - at);
            if (!map(tensor, at, length).equals(other.map(twin, at, length))) {
                return false;
            }
        }
        return true;
    }

    /** {@code tokenizer.json}, if there is one. */
    public Optional<Path> tokenizerFile() {
        return tokenizer;
    }

    /**
     * A file of the folder that holds no tensors, such as {@code merges.txt}, if there is one.
     *
     * @param name a name of the caller's own choice, never one that a file of the checkpoint holds
     * @throws CheckpointException if it is no regular file, or a link that leaves the folder
     */
    public Optional<Path> companionFile(String name) {
        return folder.find(name);
    }

    /** Free text that the tensor files hold beside their tensors, name to value, such as {@code format}. Unmodifiable. */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(catalog.metadata());
    }

    /** Bytes of all tensors together, without headers. */
    public long byteSize() {
        return catalog.byteSize();
    }

    /** The files that hold the tensors, sorted. */
    public List<Path> tensorFiles() {
        return catalog.files().stream().sorted().toList();
    }

    /**
     * SHA-256 over names and content of {@code config.json}, {@code tokenizer.json} and the tensor files, as 64 lower-case
     * hexadecimal digits. Reads every byte on the first call (about 1.5 GB/s), then remembers.
     *
     * @throws CheckpointException if a file can't be read any more
     */
    public String contentHash() {
        synchronized (hashLock) {
            if (contentHash == null) {
                SortedMap<String, Path> files = new TreeMap<>();
                if (config.exists()) {
                    files.put(CONFIG, config.file());
                }
                tokenizer.ifPresent(file -> files.put(TOKENIZER, file));
                for (Path file : catalog.files()) {
                    files.put(folder().relativize(file).toString().replace('\\', '/'), file);
                }
                contentHash = ContentHash.of(files);
            }
            return Objects.requireNonNull(contentHash);
        }
    }

    /** What is odd about the choice of files: other weights lie beside those that loaders take. Part of {@link #notes}. */
    public List<Finding> notesOnChoice() {
        return notesOnChoice;
    }

    /** What is odd about the checkpoint without keeping it from being read. */
    public List<Finding> notes() {
        return notes;
    }

    /** Forgets all mappings. Buffers handed out stay valid, new ones are refused. */
    @Override
    public void close() {
        mapping.close();
    }

    @Override
    public String toString() {
        return "Checkpoint[" + folder() + "]";
    }
}
