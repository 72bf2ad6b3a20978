package io.modelassay.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apiguardian.api.API;

/**
 * Writes the tensors of a checkpoint as {@code save_pretrained} does: in the order declared, a new shard whenever the
 * next tensor would exceed the size limit, and an index; or one {@code model.safetensors} if everything fits. The index
 * is written last. For use by one thread.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ShardedSafetensorsWriter implements AutoCloseable {

    /** Largest shard by default, in bytes: 5 GB, as in transformers. */
    public static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

    private final Path folder;
    private final List<SafetensorsWriter> shards;
    private final Map<String, SafetensorsWriter> byTensor;
    private final Map<String, String> weightMap;

    private ShardedSafetensorsWriter(
            Path folder,
            List<SafetensorsWriter> shards,
            Map<String, SafetensorsWriter> byTensor,
            Map<String, String> weightMap) {
        this.folder = folder;
        this.shards = shards;
        this.byTensor = byTensor;
        this.weightMap = weightMap;
    }

    /** Starts the declaration of a checkpoint in a folder, which is made if need be. */
    public static Builder to(Path folder) {
        return new Builder(folder);
    }

    /** Declares what the checkpoint will hold. */
    @API(status = API.Status.EXPERIMENTAL)
    public static final class Builder {
        private record Declared(String name, TensorType type, Shape shape) {}

        private final Path folder;
        private final List<Declared> declared = new ArrayList<>();
        private long shardBytes = DEFAULT_SHARD_BYTES;

        private Builder(Path folder) {
            this.folder = folder;
        }

        /** Declares a tensor; errors are those of {@link SafetensorsWriter.Builder#tensor}, thrown by {@link #open}. */
        public Builder tensor(String name, TensorType type, Shape shape) {
            declared.add(new Declared(name, type, shape));
            return this;
        }

        /**
         * Limits the tensor bytes of a shard; a larger tensor gets a shard of its own.
         *
         * @throws IllegalArgumentException unless positive
         */
        public Builder largestShard(long bytes) {
            if (bytes <= 0) {
                throw new IllegalArgumentException("a shard needs at least 1 byte, not " + bytes);
            }
            shardBytes = bytes;
            return this;
        }

        /**
         * Writes the headers to temporary files.
         *
         * @throws CheckpointException if the declaration or the folder won't do
         */
        public ShardedSafetensorsWriter open() {
            List<List<Declared>> groups = groups();
            try {
                Files.createDirectories(folder);
            } catch (IOException e) {
                throw SafetensorsWriter.writeFailed(folder, e);
            }
            List<SafetensorsWriter> shards = new ArrayList<>();
            Map<String, SafetensorsWriter> byTensor = new LinkedHashMap<>();
            Map<String, String> weightMap = new TreeMap<>();
            ShardedSafetensorsWriter writer = new ShardedSafetensorsWriter(folder, shards, byTensor, weightMap);
            try {
                for (int i = 0; i < groups.size(); i++) {
                    String fileName = groups.size() == 1 ? CheckpointLayout.SINGLE : shardName(i + 1, groups.size());
                    SafetensorsWriter.Builder builder = SafetensorsWriter.to(folder.resolve(fileName));
                    for (Declared tensor : groups.get(i)) {
                        builder.tensor(tensor.name(), tensor.type(), tensor.shape());
                        if (weightMap.put(tensor.name(), fileName) != null) {
                            throw CheckpointException.of(
                                            CheckpointProblem.INVALID_DECLARATION, "The tensor is declared twice")
                                    .file(folder)
                                    .tensor(tensor.name())
                                    .next("declare every tensor once");
                        }
                    }
                    SafetensorsWriter shard = builder.open();
                    shards.add(shard);
                    groups.get(i).forEach(tensor -> byTensor.put(tensor.name(), shard));
                }
                return writer;
            } catch (RuntimeException e) {
                writer.close();
                throw e;
            }
        }

        private List<List<Declared>> groups() {
            List<List<Declared>> groups = new ArrayList<>();
            List<Declared> group = new ArrayList<>();
            long bytes = 0;
            for (Declared tensor : declared) {
                // Wrong declarations are reported by the shard's own builder; here they only must not overflow.
                long count = tensor.shape().elementCount();
                int bits = tensor.type().bits();
                long size = count > Long.MAX_VALUE / bits ? Long.MAX_VALUE / 2 : count * bits / 8;
                if (!group.isEmpty() && size > shardBytes - bytes) {
                    groups.add(group);
                    group = new ArrayList<>();
                    bytes = 0;
                }
                group.add(tensor);
                bytes += size;
            }
            groups.add(group);
            return groups;
        }

        private static String shardName(int number, int total) {
            return "model-" + fiveDigits(number) + "-of-" + fiveDigits(total) + ".safetensors";
        }

        private static String fiveDigits(int number) {
            String digits = Integer.toString(number);
            return "0".repeat(Math.max(0, 5 - digits.length())) + digits;
        }
    }

    /** The declared tensors, shard by shard, with the places their bytes will have. */
    public List<TensorInfo> tensors() {
        return shards.stream().flatMap(shard -> shard.tensors().stream()).toList();
    }

    /** Writes the next bytes of a tensor, see {@link SafetensorsWriter#write}. */
    public void write(String name, ByteBuffer bytes) {
        SafetensorsWriter shard = byTensor.get(name);
        if (shard == null) {
            throw CheckpointException.of(CheckpointProblem.UNKNOWN_TENSOR, "The tensor was not declared")
                    .file(folder)
                    .tensor(name)
                    .next("declare it before opening the writer");
        }
        shard.write(name, bytes);
    }

    /** Makes all shards and then the index appear under their names; errors are those of {@link SafetensorsWriter#commit}. */
    public void commit() {
        shards.forEach(SafetensorsWriter::commit);
        if (shards.size() > 1) {
            writeIndex();
        }
    }

    private void writeIndex() {
        Path index = folder.resolve(CheckpointLayout.INDEX);
        long total = tensors().stream().mapToLong(TensorInfo::byteLength).sum();
        try {
            Path temporary = WholeFile.beside(index);
            try (JsonGenerator json = new JsonFactory().createGenerator(Files.newOutputStream(temporary))) {
                json.useDefaultPrettyPrinter();
                json.writeStartObject();
                json.writeObjectFieldStart("metadata");
                json.writeNumberField("total_size", total);
                json.writeEndObject();
                json.writeObjectFieldStart("weight_map");
                for (Map.Entry<String, String> mapped : weightMap.entrySet()) {
                    json.writeStringField(mapped.getKey(), mapped.getValue());
                }
                json.writeEndObject();
                json.writeEndObject();
                json.writeRaw("\n");
            }
            WholeFile.move(temporary, index);
        } catch (IOException e) {
            throw SafetensorsWriter.writeFailed(index, e);
        }
    }

    /** Discards every shard not committed. */
    @Override
    public void close() {
        shards.forEach(SafetensorsWriter::close);
    }
}
