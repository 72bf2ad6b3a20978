package io.modelassay.evaluation;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.ContentHash;
import io.modelassay.checkpoint.JsonText;
import io.modelassay.checkpoint.SafetensorsWriter;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.runtime.Activations;
import io.modelassay.runtime.Decoder;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apiguardian.api.API;

/**
 * Forward passes of references on disk, so that a suite of many quantizations, and the next run of it, computes each once.
 *
 * <p>One safetensors file each: {@code last.<batch>} in the compute type and {@code layer.<index>} in float32. Its name is
 * the SHA-256 of everything the pass depends on: the checkpoint's content, the tokens, compute type, device, engine,
 * threads, and this product's own code. Files appear whole or not at all, so that any number of test JVMs may share a folder.
 * A third tensor is the SHA-256 of the others: a file that was damaged since is computed again, and that is said.
 */
@API(status = API.Status.INTERNAL)
public final class ReferenceCache {
    /** System property that names the folder. */
    public static final String FOLDER_PROPERTY = "modelassay.cache";

    private static final String SUM = "sum";

    private static final Path DEFAULT_FOLDER = Path.of("target", "modelassay", "cache");
    /** A pass is kept batch by batch, so that another division of the windows is another pass. */
    private static final String LAYOUT = "forward pass 2 in batches of " + Decoder.BATCH_ROWS;

    private final Optional<Path> place;

    private ReferenceCache(Optional<Path> place) {
        this.place = place;
    }

    /** The cache in {@code folder}, which is made when it is first needed. */
    public static ReferenceCache in(Path folder) {
        return new ReferenceCache(Optional.of(folder));
    }

    /** The cache in the folder that {@link #FOLDER_PROPERTY} names, or none, where nobody asked for files to be kept. */
    public static ReferenceCache ifConfigured() {
        return new ReferenceCache(
                Optional.ofNullable(System.getProperty(FOLDER_PROPERTY)).map(Path::of));
    }

    /** The cache in the folder that {@link #FOLDER_PROPERTY} names, or {@code target/modelassay/cache}. */
    public static ReferenceCache standard() {
        String configured = System.getProperty(FOLDER_PROPERTY);
        return in(configured == null ? DEFAULT_FOLDER : Path.of(configured));
    }

    /** The pass of {@code model} over {@code windows}: read, or computed and kept. The caller closes it. */
    ForwardRun get(LanguageModel model, List<int[]> windows, Supplier<ForwardRun> compute, Progress progress) {
        if (place.isEmpty()) {
            return compute.get();
        }
        Path folder = place.get();
        Path file = folder.resolve(name(model, windows) + ".safetensors");
        if (Files.exists(file)) {
            Optional<ForwardRun> kept = read(file, model, windows);
            if (kept.isPresent()) {
                return kept.get();
            }
            progress.notice("The forward pass kept in " + file + " is damaged; it is computed again");
        }
        ForwardRun run = compute.get();
        try {
            Files.createDirectories(folder);
            write(file, model, run);
        } catch (IOException e) {
            run.close();
            throw new UncheckedIOException("The cache folder " + folder + " cannot be written", e);
        } catch (RuntimeException e) {
            run.close();
            throw e;
        }
        return run;
    }

    private static String name(LanguageModel model, List<int[]> windows) {
        List<String> everything = List.of(LAYOUT, ProductCode.hash(), model.key(), ContentHash.ofTokens(windows));
        return ContentHash.of(JsonText.line(everything).getBytes(StandardCharsets.UTF_8));
    }

    private static void write(Path file, LanguageModel model, ForwardRun run) {
        Kernels kernels = Kernels.conversions(model.engine());
        Map<String, Tensor> tensors = new TreeMap<>();
        SafetensorsWriter.Builder builder = SafetensorsWriter.to(file);
        for (int i = 0; i < run.last().batches().size(); i++) {
            Tensor hidden = run.last().batches().get(i).hidden();
            tensors.put("last." + i, hidden);
            builder.tensor("last." + i, model.dtype().tensorType(), hidden.shape());
        }
        for (int i = 0; i < run.layerSamples().size(); i++) {
            Tensor sample = run.layerSamples().get(i);
            tensors.put("layer." + i, sample);
            builder.tensor("layer." + i, TensorType.F32, sample.shape());
        }
        SortedMap<String, String> hashes = new TreeMap<>();
        builder.tensor(SUM, TensorType.U8, Shape.of(sum(hashes).remaining()));
        try (SafetensorsWriter writer = builder.open()) {
            tensors.forEach((name, tensor) -> {
                ByteBuffer bytes = kernels.bytes(tensor);
                hashes.put(name, ContentHash.of(bytes));
                writer.write(name, bytes);
            });
            writer.write(SUM, sum(hashes));
            writer.commit();
        }
    }

    /** A file that cannot be read back is no error: it is computed again and replaced. */
    private static Optional<ForwardRun> read(Path file, LanguageModel model, List<int[]> windows) {
        Kernels kernels = Kernels.conversions(model.engine());
        List<Activations.Batch> batches = new ArrayList<>();
        List<Tensor> samples = new ArrayList<>();
        try (Checkpoint kept = Checkpoint.open(file)) {
            if (!isSound(kept)) {
                return Optional.empty();
            }
            int from = 0;
            for (int i = 0; kept.find("last." + i).isPresent(); i++) {
                TensorInfo tensor = kept.tensor("last." + i);
                int to = from + Math.toIntExact(tensor.shape().dimension(0));
                batches.add(new Activations.Batch(windows.subList(from, to), load(kernels, kept, tensor)));
                from = to;
            }
            for (int i = 0; kept.find("layer." + i).isPresent(); i++) {
                samples.add(load(kernels, kept, kept.tensor("layer." + i)));
            }
            return Optional.of(new ForwardRun(new Activations(batches), samples));
        } catch (CheckpointException e) {
            batches.forEach(batch -> batch.hidden().close());
            samples.forEach(Tensor::close);
            return Optional.empty();
        }
    }

    /** Whether the bytes are those that were written. */
    private static boolean isSound(Checkpoint kept) {
        SortedMap<String, String> hashes = ContentHash.ofTensors(kept);
        return hashes.remove(SUM) != null && kept.map(kept.tensor(SUM)).equals(sum(hashes));
    }

    private static ByteBuffer sum(SortedMap<String, String> hashes) {
        return ByteBuffer.wrap(ContentHash.of(JsonText.line(hashes).getBytes(StandardCharsets.UTF_8))
                .getBytes(StandardCharsets.US_ASCII));
    }

    private static Tensor load(Kernels kernels, Checkpoint kept, TensorInfo tensor) {
        return kernels.stored(tensor.name(), tensor.type(), tensor.shape(), kept.map(tensor));
    }
}
