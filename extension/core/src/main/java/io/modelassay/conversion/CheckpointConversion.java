package io.modelassay.conversion;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.ShardedSafetensorsWriter;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.checkpoint.ValueScan;
import io.modelassay.failure.NotPossibleException;
import io.modelassay.inspection.Inspection;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.TypeConversion;
import io.modelassay.runtime.WeightDecoder;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apiguardian.api.API;

/**
 * Writes a checkpoint again with its floating-point tensors in one type, with its config, tokenizer and templates beside
 * it. Tensor by tensor, never the whole model in memory; the folder appears complete or not at all.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class CheckpointConversion {
    private static final List<String> CONFIGS = List.of("config.json", "generation_config.json");

    private final Checkpoint checkpoint;
    private final StoredQuantization quantization;
    private final DType dtype;
    private final Progress progress;
    private final List<Finding> findings = new ArrayList<>();

    private CheckpointConversion(Checkpoint checkpoint, DType dtype, Progress progress) {
        this.checkpoint = checkpoint;
        this.quantization = Inspection.of(checkpoint).quantization();
        this.dtype = dtype;
        this.progress = progress;
    }

    /**
     * What was written.
     *
     * @param dtype the type of the floating-point tensors
     * @param tensors number of tensors
     * @param converted number of tensors that changed their type
     * @param bytes bytes of all tensors
     * @param files names of the files, sorted
     * @param findings {@code overflow-in-conversion} for each tensor that held finite values only and does no more
     */
    @API(status = API.Status.EXPERIMENTAL)
    public record Result(
            DType dtype, int tensors, int converted, long bytes, List<String> files, List<Finding> findings) {}

    /**
     * Writes {@code checkpoint} into the folder {@code out}.
     *
     * @param out a folder that does not exist yet, or is empty
     * @param dtype type of the floating-point tensors; {@link DType#AUTO} takes the config's
     * @throws IllegalArgumentException if {@code out} is not empty
     * @throws UncheckedIOException if the folder cannot be written
     */
    public static Result convert(Checkpoint checkpoint, Path out, DType dtype, Progress progress) {
        OutputFolder target = OutputFolder.at(out);
        return new CheckpointConversion(
                        checkpoint,
                        dtype.resolve(ConfigDType.of(checkpoint.config()).orElse("")),
                        progress)
                .into(target);
    }

    private void requireComplete() {
        quantization.requireKnownFormat();
        if (!quantization.missing().isEmpty()) {
            throw new NotPossibleException(
                    "The checkpoint " + checkpoint.folder() + " lacks "
                            + quantization.missing().size() + " parts of its quantized modules, first "
                            + quantization.missing().first(),
                    "inspect, which lists them all");
        }
    }

    private Result into(OutputFolder out) {
        requireComplete();
        int[] converted = {0};
        long[] bytes = {0};
        int[] tensors = {0};
        List<String> files = out.write(checkpoint, folder -> {
            converted[0] = writeTensors(folder);
            for (String name : CONFIGS) {
                if (checkpoint.companionFile(name).isPresent()) {
                    ConfigDType.rewrite(
                            checkpoint.companionFile(name).get(),
                            folder.resolve(name),
                            dtype,
                            name.equals("config.json"));
                }
            }
            try (Checkpoint written = Checkpoint.open(folder)) {
                tensors[0] = written.tensors().size();
                bytes[0] = written.byteSize();
            }
        });
        return new Result(dtype, tensors[0], converted[0], bytes[0], files, List.copyOf(findings));
    }

    private int writeTensors(Path folder) {
        TorchEngine engine = TorchEngine.on(Device.CPU);
        TypeConversion conversion = new TypeConversion(engine, dtype);
        List<TensorInfo> kept = checkpoint.tensors().values().stream()
                .filter(tensor -> !quantization.explains(tensor.name()))
                .toList();
        ShardedSafetensorsWriter.Builder builder = ShardedSafetensorsWriter.to(folder);
        int converted = 0;
        for (TensorInfo tensor : kept) {
            boolean changes = conversion.applies(tensor.type());
            converted += changes ? 1 : 0;
            builder.tensor(tensor.name(), changes ? dtype.tensorType() : tensor.type(), tensor.shape());
        }
        for (PackedWeight weight : quantization.weights().values()) {
            builder.tensor(weight.parameter(), dtype.tensorType(), weight.shape());
        }
        int done = 0;
        int all = kept.size() + quantization.weights().size();
        try (ShardedSafetensorsWriter writer = builder.open();
                WeightDecoder decoder = new WeightDecoder(checkpoint, engine)) {
            for (TensorInfo tensor : kept) {
                write(conversion, tensor, writer);
                progress.step("converting tensors", ++done, all);
            }
            Kernels conversions = Kernels.conversions(engine);
            for (PackedWeight weight : quantization.weights().values()) {
                try (Tensor written = decoder.decode(weight, dtype)) {
                    writer.write(weight.parameter(), conversions.bytes(written));
                }
                progress.step("decoding weights", ++done, all);
            }
            writer.commit();
        }
        return converted + quantization.weights().size();
    }

    private void write(TypeConversion conversion, TensorInfo tensor, ShardedSafetensorsWriter writer) {
        boolean narrower = dtype != DType.FP32 || tensor.type() == TensorType.F64;
        boolean mayOverflow = conversion.applies(tensor.type()) && tensor.type().bits() >= 16 && narrower;
        TensorType written = dtype.tensorType();
        long[] nonFinite = {0};
        conversion.convert(checkpoint, tensor, bytes -> {
            if (mayOverflow) {
                Shape shape = Shape.of(bytes.remaining() / (written.bits() / 8));
                TensorScan scan = ValueScan.scan(tensor.name(), written, shape, bytes);
                nonFinite[0] += scan.nan() + scan.inf();
            }
            writer.write(tensor.name(), bytes);
        });
        if (nonFinite[0] > 0) {
            TensorScan before = ValueScan.create().scan(checkpoint, tensor);
            long fresh = nonFinite[0] - before.nan() - before.inf();
            if (fresh > 0) {
                findings.add(new Finding(
                        "overflow-in-conversion",
                        Finding.Severity.ERROR,
                        tensor.name(),
                        fresh + " of " + before.count() + " values exceed the range of " + written.label()
                                + " and became infinite; the largest stored is " + before.absMax(),
                        "convert to bf16, which has the range of fp32"));
            }
        }
    }
}
