package io.modelassay.truth;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.ShardedSafetensorsWriter;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/** A checkpoint of BF16 tensors of given shapes without a zero among their values, but where one is asked for. */
public final class SmallCheckpoint {
    private final TreeMap<String, Shape> shapes = new TreeMap<>();
    private final TreeMap<String, IntPredicate> zeroRows = new TreeMap<>();
    private final TreeMap<String, IntPredicate> zeroColumns = new TreeMap<>();
    private final String config;
    private long shardBytes = Long.MAX_VALUE;

    /** Of the given config.json. */
    public SmallCheckpoint(String config) {
        this.config = config;
    }

    /** Adds a tensor. */
    public SmallCheckpoint tensor(String name, long... shape) {
        shapes.put(name, Shape.of(shape));
        return this;
    }

    /** Makes rows of a matrix zero. */
    public SmallCheckpoint zeroRows(String name, IntPredicate rows) {
        zeroRows.put(name, rows);
        return this;
    }

    /** Makes columns of a matrix zero. */
    public SmallCheckpoint zeroColumns(String name, IntPredicate columns) {
        zeroColumns.put(name, columns);
        return this;
    }

    /** Limits the shards. */
    public SmallCheckpoint inShardsOf(long bytes) {
        shardBytes = bytes;
        return this;
    }

    /** A gated MLP of {@code intermediate} channels in each of {@code layers} layers, hidden size 64. */
    public SmallCheckpoint mlps(String prefix, int layers, long intermediate) {
        for (int i = 0; i < layers; i++) {
            String mlp = prefix + "layers." + i + ".mlp.";
            tensor(mlp + "gate_proj.weight", intermediate, 64);
            tensor(mlp + "up_proj.weight", intermediate, 64);
            tensor(mlp + "down_proj.weight", 64, intermediate);
        }
        return this;
    }

    /** Writes it. */
    public Path into(Path folder) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), config);
            ShardedSafetensorsWriter.Builder builder =
                    ShardedSafetensorsWriter.to(folder).largestShard(shardBytes);
            shapes.forEach((name, shape) -> builder.tensor(name, TensorType.BF16, shape));
            try (ShardedSafetensorsWriter writer = builder.open()) {
                for (TensorInfo tensor : writer.tensors()) {
                    writer.write(tensor.name(), values(tensor));
                }
                writer.commit();
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ByteBuffer values(TensorInfo tensor) {
        ByteBuffer bytes = ByteBuffer.allocate((int) tensor.byteLength()).order(ByteOrder.LITTLE_ENDIAN);
        int columns = tensor.shape().rank() == 2 ? (int) tensor.shape().dimension(1) : 1;
        IntPredicate rows = zeroRows.getOrDefault(tensor.name(), row -> false);
        IntPredicate across = zeroColumns.getOrDefault(tensor.name(), column -> false);
        for (int i = 0; bytes.hasRemaining(); i++) {
            boolean zero = rows.test(i / columns) || across.test(i % columns);
            // 0.5 to 2, both signs; a zero may be negative.
            int value = 0x3f00 + i * 7919 % 256 + (i % 3 == 0 ? 0x8000 : 0);
            bytes.putShort((short) (zero ? value & 0x8000 : value));
        }
        return bytes.flip();
    }
}
