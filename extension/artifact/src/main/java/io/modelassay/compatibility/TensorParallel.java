package io.modelassay.compatibility;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.compatibility.ShardedLinear.Split;
import io.modelassay.compatibility.ShardedLinears.Heads;
import io.modelassay.compatibility.WeightStorage.Kind;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apiguardian.api.API;

/**
 * Among how many ranks vLLM can divide a model. Arithmetic on headers and config: heads, and for each linear module the
 * channels of a rank against groups, packed words and blocks. Vocabulary rows are no limit, since vLLM pads them itself.
 * Immutable.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class TensorParallel {
    /** The sizes that are looked at: those of machines with one to sixteen devices. */
    public static final List<Integer> SIZES = List.of(1, 2, 4, 8, 16);

    private static final String WEIGHT = ".weight";
    private static final int MARLIN_INPUTS = 128;
    private static final int MARLIN_OUTPUTS = 64;

    private static final String NOT_ALIGNED_INPUT =
            "ValueError: The input size is not aligned with the quantized weight shape. This can be caused by too large"
                    + " tensor parallel size.";
    private static final String NOT_ALIGNED_OUTPUT =
            "ValueError: The output size is not aligned with the quantized weight shape. This can be caused by too large"
                    + " tensor parallel size.";
    private static final String NO_KERNEL =
            "ValueError: Failed to find a kernel that can implement the WNA16 linear layer.";

    private final Heads heads;
    private final List<ShardedLinear> linears;
    private final List<String> actOrdered;

    private TensorParallel(Heads heads, List<ShardedLinear> linears, List<String> actOrdered) {
        this.heads = heads;
        this.linears = List.copyOf(linears);
        this.actOrdered = List.copyOf(actOrdered);
    }

    /**
     * Why a number of ranks does not do.
     *
     * @param module the module as vLLM makes it, with {@code *} for each number, or {@code attention heads}
     * @param modules how many modules of that name
     * @param arithmetic the figures that do not divide
     * @param message what vLLM says, its error type first; empty where that is not known
     */
    @API(status = API.Status.EXPERIMENTAL)
    public record Obstacle(String module, int modules, String arithmetic, String message) {
        @Override
        public String toString() {
            return module + (modules > 1 ? " (" + modules + " modules)" : "") + ": " + arithmetic;
        }
    }

    /** Of what is stored in {@code checkpoint}, quantized or not. */
    public static TensorParallel of(Checkpoint checkpoint, StoredQuantization stored) {
        SortedMap<String, Shape> weights = new TreeMap<>();
        for (TensorInfo tensor : checkpoint.tensors().values()) {
            if (tensor.name().endsWith(WEIGHT) && stored.find(tensor.name()).isEmpty()) {
                weights.put(module(tensor.name()), tensor.shape());
            }
        }
        List<String> actOrdered = new ArrayList<>();
        for (PackedWeight weight : stored.weights().values()) {
            weights.put(module(weight.parameter()), weight.shape());
            boolean dividesInputs =
                    weight.module().endsWith(".down_proj") || weight.module().endsWith(".o_proj");
            if (dividesInputs && actOrdered.isEmpty() && isActOrdered(checkpoint, weight)) {
                actOrdered.add(weight.module());
            }
        }
        Heads heads = heads(checkpoint.config());
        return new TensorParallel(
                heads,
                ShardedLinears.of(
                        weights,
                        module -> stored.find(module + WEIGHT)
                                .map(WeightStorage::of)
                                .orElse(WeightStorage.PLAIN),
                        heads),
                actOrdered);
    }

    /**
     * Of an unquantized model that is known by its config alone.
     *
     * @throws io.modelassay.architecture.UnsupportedArchitectureException if its model type is not known
     */
    public static TensorParallel of(ModelConfig config) {
        SortedMap<String, Shape> weights = new TreeMap<>();
        for (Parameter parameter : Architectures.require(config).parameters()) {
            if (parameter.kind() == Parameter.Kind.LINEAR) {
                weights.put(parameter.module(), parameter.shape());
            }
        }
        Heads heads = heads(config);
        return new TensorParallel(heads, ShardedLinears.of(weights, module -> WeightStorage.PLAIN, heads), List.of());
    }

    private static String module(String weight) {
        return weight.substring(0, weight.length() - WEIGHT.length());
    }

    private static Heads heads(ModelConfig config) {
        ModelConfig language = config.languageModel();
        long query = language.integer("num_attention_heads", 0);
        return new Heads(query, language.integer("num_key_value_heads", query));
    }

    private static boolean isActOrdered(Checkpoint checkpoint, PackedWeight weight) {
        TensorInfo index = weight.parts().get("g_idx");
        if (index == null || index.type().bits() != 32) {
            return false;
        }
        ByteBuffer groups = checkpoint.map(index);
        for (int at = 4; at + 4 <= groups.limit(); at += 4) {
            if (groups.getInt(at) < groups.getInt(at - 4)) {
                return true;
            }
        }
        return false;
    }

    /**
     * The same model once it is quantized as GPTQ does it, all linear modules of its language model alike; for planning.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize input channels that share a scale; -1 for all
     */
    public TensorParallel quantizedTo(int bits, int groupSize) {
        if (bits != 2 && bits != 3 && bits != 4 && bits != 8) {
            throw new IllegalArgumentException("GPTQ has 2, 3, 4 or 8 bits, not " + bits);
        }
        WeightStorage storage = new WeightStorage(Kind.GPTQ, bits, Math.max(0, groupSize), 0);
        return new TensorParallel(
                heads,
                linears.stream()
                        .map(linear -> linear.isOfLanguageModel() ? linear.stored(storage) : linear)
                        .toList(),
                List.of());
    }

    /** Number of linear modules that ranks divide; 0 where the names of the modules are not known. */
    public int modules() {
        return linears.stream().mapToInt(ShardedLinear::modules).sum();
    }

    /** Those of {@link #SIZES} that do. */
    public List<Integer> sizes() {
        return SIZES.stream().filter(n -> obstacles(n).isEmpty()).toList();
    }

    /** The largest of {@link #SIZES} that does, 0 where none does. */
    public int largest() {
        List<Integer> sizes = sizes();
        return sizes.isEmpty() ? 0 : sizes.get(sizes.size() - 1);
    }

    /**
     * Why {@code ranks} ranks do not do; empty where they do.
     *
     * @throws IllegalArgumentException if {@code ranks} is not positive
     */
    public List<Obstacle> obstacles(int ranks) {
        if (ranks < 1) {
            throw new IllegalArgumentException("A model is divided among 1 rank or more, not " + ranks);
        }
        List<Obstacle> found = new ArrayList<>(headObstacles(ranks));
        for (ShardedLinear linear : linears) {
            obstacle(linear, ranks).ifPresent(found::add);
        }
        return found;
    }

    private List<Obstacle> headObstacles(int ranks) {
        List<Obstacle> found = new ArrayList<>();
        if (heads.query() % ranks != 0) {
            found.add(new Obstacle(
                    "attention heads",
                    1,
                    heads.query() + " heads do not divide among " + ranks + " ranks",
                    "ValueError: Total number of attention heads (" + heads.query()
                            + ") must be divisible by tensor parallel size (" + ranks + ")."));
        }
        long keyValue = heads.keyValue();
        boolean divides = keyValue >= ranks ? keyValue % ranks == 0 : keyValue == 0 || ranks % keyValue == 0;
        if (!divides) {
            found.add(new Obstacle(
                    "key and value heads",
                    1,
                    keyValue + " heads neither divide among " + ranks + " ranks nor " + ranks + " ranks among them",
                    "AssertionError"));
        }
        return found;
    }

    private Optional<Obstacle> obstacle(ShardedLinear linear, int ranks) {
        boolean byInputs = linear.split() == Split.INPUTS;
        long undivided = byInputs
                ? linear.inputs()
                : linear.outputs().stream()
                        .filter(size -> size % ranks != 0)
                        .findFirst()
                        .orElse(0L);
        boolean repeats = !byInputs && linear.keyValue() > 0 && heads.keyValue() > 0 && ranks > heads.keyValue();
        if (undivided % ranks != 0 && !repeats) {
            return Optional.of(new Obstacle(
                    linear.name(),
                    linear.modules(),
                    undivided + (byInputs ? " input" : " output") + " channels do not divide among " + ranks + " ranks",
                    "AssertionError: " + undivided + " is not divisible by " + ranks));
        }
        long inputs = byInputs ? linear.inputs() / ranks : linear.inputs();
        List<Long> outputs = byInputs ? linear.outputs() : outputsOfARank(linear, ranks);
        return switch (linear.storage().kind()) {
            case PLAIN, BITSANDBYTES -> groups(linear, ranks, inputs, "");
            case GPTQ ->
                groups(linear, ranks, inputs, NOT_ALIGNED_INPUT)
                        .or(() -> words(linear, ranks, inputs, "input", NOT_ALIGNED_INPUT))
                        .or(() -> words(linear, ranks, sum(outputs), "output", NOT_ALIGNED_OUTPUT));
            case AWQ ->
                groups(linear, ranks, inputs, NOT_ALIGNED_INPUT)
                        .or(() -> words(linear, ranks, sum(outputs), "output", NOT_ALIGNED_OUTPUT));
            case PACKED ->
                groups(linear, ranks, inputs, NO_KERNEL).or(() -> words(linear, ranks, inputs, "input", NO_KERNEL));
            case BLOCK -> blocks(linear, ranks, inputs, outputs);
        };
    }

    private static long sum(List<Long> sizes) {
        return sizes.stream().mapToLong(Long::longValue).sum();
    }

    /** Key and value heads are repeated where there are more ranks than heads. */
    private List<Long> outputsOfARank(ShardedLinear linear, int ranks) {
        List<Long> sizes = new ArrayList<>();
        int parts = linear.outputs().size();
        for (int i = 0; i < parts; i++) {
            boolean keyValue = i >= parts - linear.keyValue() && heads.keyValue() > 0;
            sizes.add(linear.outputs().get(i) / (keyValue ? Math.min(ranks, heads.keyValue()) : ranks));
        }
        return sizes;
    }

    private static Optional<Obstacle> groups(ShardedLinear linear, int ranks, long inputs, String message) {
        long group = linear.storage().group();
        return group == 0 || inputs % group == 0
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        linear.name(),
                        linear.modules(),
                        division(linear, ranks, inputs, "input") + " are no multiple of the group size " + group,
                        message));
    }

    private static Optional<Obstacle> words(
            ShardedLinear linear, int ranks, long channels, String side, String message) {
        long packed = linear.storage().packed();
        return channels % packed == 0
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        linear.name(),
                        linear.modules(),
                        division(linear, ranks, channels, side) + " do not fill words of " + packed + " codes",
                        message));
    }

    private static Optional<Obstacle> blocks(ShardedLinear linear, int ranks, long inputs, List<Long> outputs) {
        WeightStorage storage = linear.storage();
        if (ranks > 1 && linear.split() == Split.INPUTS && inputs % storage.group() != 0) {
            return Optional.of(new Obstacle(
                    linear.name(),
                    linear.modules(),
                    division(linear, ranks, inputs, "input") + " are no multiple of the block's " + storage.group(),
                    "ValueError: Weight input_size_per_partition = " + inputs
                            + " is not divisible by weight quantization block_k = " + storage.group() + "."));
        }
        // The last part of a whole module may end in a part of a block.
        List<Long> checked = ranks > 1 && linear.split() == Split.OUTPUTS
                ? outputs
                : outputs.subList(0, Math.max(0, outputs.size() - 1));
        return checked.stream()
                .filter(size -> size % storage.blockRows() != 0)
                .findFirst()
                .map(size -> new Obstacle(
                        linear.name(),
                        linear.modules(),
                        size + " output channels of a rank are no multiple of the block's " + storage.blockRows(),
                        "ValueError: Weight output_partition_size = " + size
                                + " is not divisible by weight quantization block_n = " + storage.blockRows() + "."));
    }

    /** {@code 29568 / 8 = 3696 input channels}. */
    private static String division(ShardedLinear linear, int ranks, long channels, String side) {
        boolean divided = side.equals("input") == (linear.split() == Split.INPUTS);
        long whole = side.equals("input") ? linear.inputs() : sum(linear.outputs());
        return (divided && ranks > 1 && whole == channels * ranks ? whole + " / " + ranks + " = " : "") + channels + " "
                + side + " channels";
    }

    /**
     * What does not keep {@code ranks} ranks from working and may surprise: modules that the Marlin kernel does not take, and
     * act-order, whose scales every rank holds as a whole.
     */
    public List<String> notes(int ranks) {
        if (!obstacles(ranks).isEmpty()) {
            return List.of();
        }
        List<String> notes = new ArrayList<>();
        for (ShardedLinear linear : linears) {
            boolean byInputs = linear.split() == Split.INPUTS;
            long inputs = byInputs ? linear.inputs() / ranks : linear.inputs();
            long outputs = sum(byInputs ? linear.outputs() : outputsOfARank(linear, ranks));
            switch (linear.storage().kind()) {
                case GPTQ, AWQ, PACKED -> {
                    if (outputs % MARLIN_OUTPUTS != 0) {
                        notes.add(linear.name() + " is not for Marlin kernels: Weight output_size_per_partition = "
                                + outputs + " is not divisible by  min_thread_n = " + MARLIN_OUTPUTS + ".");
                    } else if (inputs % MARLIN_INPUTS != 0) {
                        notes.add(linear.name() + " is not for Marlin kernels: Weight input_size_per_partition = "
                                + inputs + " is not divisible by min_thread_k = " + MARLIN_INPUTS + ".");
                    }
                }
                case BITSANDBYTES -> {
                    if (ranks > 1 && notes.stream().noneMatch(note -> note.contains("bitsandbytes"))) {
                        notes.add("Some versions of vLLM do not divide prequantized bitsandbytes weights and end in a"
                                + " KeyError of their state");
                    }
                }
                case PLAIN, BLOCK -> {}
            }
        }
        if (ranks > 1) {
            actOrdered.forEach(module -> notes.add(module
                    + " is stored in act-order: every rank holds all its scales, and fast kernels are not used"));
        }
        return List.copyOf(notes);
    }

    /**
     * The smallest {@code intermediate_size}, not below the present one, with which {@code ranks} ranks do: a multiple of the
     * ranks times the group size.
     *
     * @return nothing where the MLPs are not what stands in the way, or their sizes differ
     */
    public OptionalLong intermediateSizeFor(int ranks) {
        List<ShardedLinear> downs = linears.stream()
                .filter(linear -> linear.name().endsWith("mlp.down_proj") && linear.isOfLanguageModel())
                .toList();
        long[] sizes =
                downs.stream().mapToLong(ShardedLinear::inputs).distinct().toArray();
        if (sizes.length != 1) {
            return OptionalLong.empty();
        }
        long step = ranks;
        for (ShardedLinear down : downs) {
            WeightStorage storage = down.storage();
            boolean words = storage.kind() == Kind.GPTQ || storage.kind() == Kind.PACKED;
            step = multiple(step, ranks * Math.max(1, storage.group()));
            step = multiple(step, ranks * Math.max(1, storage.blockRows()));
            step = multiple(step, words ? ranks * storage.packed() : 1);
        }
        long before = sizes[0];
        long after = (before + step - 1) / step * step;
        TensorParallel padded = new TensorParallel(
                heads,
                linears.stream().map(linear -> linear.padded(before, after)).toList(),
                List.of());
        return padded.obstacles(ranks).isEmpty() ? OptionalLong.of(after) : OptionalLong.empty();
    }

    private static long multiple(long a, long b) {
        long x = a;
        long y = b;
        while (y != 0) {
            long rest = x % y;
            x = y;
            y = rest;
        }
        return a / x * b;
    }
}
