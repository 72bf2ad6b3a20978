package io.modelassay.inspection;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.GatedMlp;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.StoredQuantization;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes a {@link PaddingReport}. */
final class PaddingCheck {
    private static final String CONFIG = "config.json";
    private static final String SIZE = "intermediate_size";

    /** Padding comes in whole words of packed codes; sizes that differ by less are another mistake. */
    private static final long LEAST_STEP = 8;

    private final Checkpoint checkpoint;
    private final StoredQuantization stored;
    private final @Nullable DecodedZeros decoded;
    private final List<GatedMlp> mlps;

    /** Names and sizes of an unknown architecture may mean something else, so what they suggest is no defect. */
    private final Severity severity;

    private final List<Finding> findings = new ArrayList<>();

    /** A check that knows the zeros of quantized weights from {@code decoded}, or does not look at them where it is null. */
    PaddingCheck(Checkpoint checkpoint, StoredQuantization stored, @Nullable DecodedZeros decoded) {
        this.checkpoint = checkpoint;
        this.stored = stored;
        this.decoded = decoded;
        this.mlps = GatedMlp.of(checkpoint.tensors().keySet());
        this.severity = Architectures.isKnown(checkpoint.config()) ? Severity.ERROR : Severity.INFO;
    }

    /** Channels of the three projections of one MLP, and its inputs. */
    private record Sizes(GatedMlp mlp, long gate, long up, long down, long hidden) {
        boolean agree() {
            return gate == up && up == down;
        }
    }

    /** Channels that are zero in each of the three. */
    private record Zeros(BitSet gate, BitSet up, BitSet down) {
        void and(Zeros other) {
            gate.and(other.gate);
            up.and(other.up);
            down.and(other.down);
        }

        BitSet inAll() {
            BitSet all = (BitSet) gate.clone();
            all.and(up);
            all.and(down);
            return all;
        }

        /** Whether one of them has more zeros than {@code others} by as many as padding has. */
        boolean hasMoreThan(BitSet others) {
            int most = Math.max(gate.cardinality(), Math.max(up.cardinality(), down.cardinality()));
            return most >= others.cardinality() + PaddingOrder.LEAST_CHANNELS;
        }

        boolean isEmpty() {
            return gate.isEmpty() && up.isEmpty() && down.isEmpty();
        }
    }

    PaddingReport report() {
        List<Sizes> sizes = new ArrayList<>();
        for (GatedMlp mlp : mlps) {
            sizes(mlp).ifPresent(sizes::add);
        }
        afterQuantization();
        Set<Long> channels = sizes.stream().map(Sizes::down).collect(Collectors.toCollection(TreeSet::new));
        boolean uniform = channels.size() == 1 && sizes.stream().allMatch(Sizes::agree);
        if (findings.isEmpty() && !sizes.isEmpty() && severity == Severity.ERROR) {
            shapes(sizes, uniform);
        }
        if (!findings.isEmpty() || !uniform) {
            return new PaddingReport(sizes.size(), uniform ? channels.iterator().next() : 0, 0, null, findings);
        }
        int size = Math.toIntExact(channels.iterator().next());
        return values(sizes, size);
    }

    /** Evidence in packed parts: of one MLP, then of all where that one has some. */
    private void afterQuantization() {
        Map<String, List<String>> modules = new LinkedHashMap<>();
        for (GatedMlp mlp : mlps) {
            for (String module : new LinkedHashSet<>(List.of(mlp.gate(), mlp.up(), mlp.down()))) {
                new PackedPadding(checkpoint, stored, module)
                        .evidence()
                        .ifPresent(evidence -> modules.computeIfAbsent(evidence, any -> new ArrayList<>())
                                .add(module));
            }
            if (modules.isEmpty()) {
                return;
            }
        }
        modules.forEach((evidence, affected) -> add(
                "padded-after-quantization",
                affected.get(0),
                affected.size()
                        + (affected.size() == 1 ? " packed weight was" : " packed weights, this one first, were")
                        + " widened after quantization: " + evidence,
                "pad the 16-bit model (modelassay pad), then quantize that"));
    }

    private Optional<Sizes> sizes(GatedMlp mlp) {
        Optional<Shape> gate = shape(mlp.gate());
        Optional<Shape> up = shape(mlp.up());
        Optional<Shape> down = shape(mlp.down());
        if (gate.isEmpty() || up.isEmpty() || down.isEmpty()) {
            return Optional.empty();
        }
        int parts = mlp.fused() ? 2 : 1;
        return Optional.of(new Sizes(
                mlp,
                gate.get().dimension(0) / parts,
                up.get().dimension(0) / parts,
                down.get().dimension(1),
                gate.get().dimension(1)));
    }

    private Optional<Shape> shape(String module) {
        return stored.find(module + ".weight")
                .map(PackedWeight::shape)
                .or(() -> checkpoint
                        .find(module + ".weight")
                        .filter(PaddingCheck::isUnquantized)
                        .map(TensorInfo::shape))
                .filter(shape -> shape.rank() == 2 && shape.elementCount() > 0);
    }

    private static boolean isUnquantized(TensorInfo tensor) {
        return tensor.type().isFloatingPoint()
                && tensor.type().bits() >= 16
                && tensor.type().bits() <= 64;
    }

    private void shapes(List<Sizes> sizes, boolean uniform) {
        ModelConfig config = checkpoint.config().languageModel();
        long configured = config.isNumber(SIZE) ? config.integer(SIZE) : 0;
        // Models with experts, or with a list of sizes, may have layers of several sizes and keys of their own for
        // them.
        boolean oneSize = configured > 0 && !GatedMlp.hasExperts(checkpoint);
        if (!uniform) {
            if (oneSize || sizes.stream().anyMatch(mlp -> !mlp.agree())) {
                partial(sizes);
            }
            return;
        }
        long size = sizes.get(0).down();
        long difference = size - configured;
        if (!oneSize || difference == 0 || difference % LEAST_STEP != 0) {
            return;
        }
        Optional<String> other = difference > 0 ? otherKey(config, sizes.get(0), size) : Optional.empty();
        if (other.isPresent()) {
            add(
                    "padding-wrong-key",
                    CONFIG,
                    "The MLPs have " + size + " channels and " + CONFIG + " says " + SIZE + " " + configured
                            + ", but " + other.get() + " " + size
                            + ": the size was written under another key, so loaders find other shapes than they expect",
                    "set " + SIZE + " to " + size + ", and put " + other.get() + " back to what the original says");
        } else if (difference > 0) {
            add(
                    "padding-config-not-updated",
                    CONFIG,
                    "The MLPs have " + size + " channels, " + CONFIG + " says " + SIZE + " " + configured
                            + ": padded tensors under the original's config, which loaders refuse as a size mismatch",
                    "set " + SIZE + " to " + size);
        } else {
            add(
                    "padding-weights-missing",
                    sizes.get(0).mlp().name(),
                    CONFIG + " says " + SIZE + " " + configured + ", but the MLPs have " + size
                            + " channels: the config was changed and the tensors were not, or the original was quantized",
                    "pad the 16-bit tensors too (modelassay pad), then quantize those; or set " + SIZE + " back to "
                            + size);
        }
    }

    /** A key other than the right one that holds the size of the MLPs. */
    private static Optional<String> otherKey(ModelConfig config, Sizes sizes, long size) {
        for (String key : config.keys()) {
            boolean ofMlps = key.contains("intermediate") || key.contains("ffn") || key.contains("inner");
            boolean hidden = key.equals("hidden_size") && sizes.hidden() != size;
            if ((ofMlps || hidden) && !key.equals(SIZE) && config.isNumber(key) && config.number(key) == size) {
                return Optional.of(key);
            }
        }
        return Optional.empty();
    }

    private void partial(List<Sizes> sizes) {
        Set<Long> all = new TreeSet<>();
        sizes.forEach(mlp -> all.addAll(List.of(mlp.gate(), mlp.up(), mlp.down())));
        List<Long> two = List.copyOf(all);
        // Models with MLPs of many sizes exist; two sizes that differ by padding do not.
        if (all.size() != 2 || (two.get(1) - two.get(0)) % LEAST_STEP != 0 || two.get(1) > 2 * two.get(0)) {
            return;
        }
        long smaller = Math.min(two.get(0), two.get(1));
        List<String> left = new ArrayList<>();
        for (Sizes mlp : sizes) {
            if (mlp.gate() == smaller) {
                left.add(mlp.mlp().gate());
            }
            if (mlp.up() == smaller && !mlp.mlp().fused()) {
                left.add(mlp.mlp().up());
            }
            if (mlp.down() == smaller) {
                left.add(mlp.mlp().down());
            }
        }
        add(
                "padding-partial",
                left.get(0),
                left.size() + (left.size() == 1 ? " projection has " : " projections, this one first, have ") + smaller
                        + " channels where the others have " + Math.max(two.get(0), two.get(1))
                        + ": gate, up and down are not padded alike",
                "pad the original again, all three projections of every layer (modelassay pad)");
    }

    private PaddingReport values(List<Sizes> sizes, int size) {
        Optional<Zeros> first = zeros(sizes.get(0), size);
        if (first.isEmpty() || first.get().isEmpty() || isDead(first.get(), size)) {
            return new PaddingReport(sizes.size(), size, 0, null, findings);
        }
        Zeros common = first.get();
        for (Sizes mlp : sizes.subList(1, sizes.size())) {
            if (common.isEmpty()) {
                break;
            }
            zeros(mlp, size).ifPresent(common::and);
        }
        BitSet padded = common.inAll();
        boolean alike = isPattern(padded, size, sizes.size()) && !common.hasMoreThan(padded);
        if (!alike) {
            unlike(common, sizes.get(0).mlp().name(), size);
            return new PaddingReport(sizes.size(), size, 0, null, findings);
        }
        int count = padded.cardinality();
        PaddingOrder order = PaddingOrder.of(padded, size);
        findings.add(new Finding(
                "padded",
                Severity.INFO,
                sizes.get(0).mlp().name(),
                count + " of " + size + " channels of each MLP are zero, " + order.label() + ": padded from "
                        + (size - count) + ", alike in gate, up and down",
                "nothing needs doing"));
        return new PaddingReport(sizes.size(), size, count, order, findings);
    }

    /** Zero channels in a pattern that no training makes, and not the same in the three projections. */
    private void unlike(Zeros common, String mlp, int size) {
        long patterns = Stream.of(common.gate(), common.up(), common.down())
                .filter(zeros -> isPattern(zeros, size, 1))
                .count();
        String places = "gate_proj " + describe(common.gate(), size) + ", up_proj " + describe(common.up(), size)
                + ", down_proj " + describe(common.down(), size);
        if (patterns == 3) {
            add(
                    "padding-orders-differ",
                    mlp,
                    "The zero channels of each MLP are at different places (" + places
                            + "), so channels of gate and up meet columns of down that belong to others",
                    "pad the original again with one order for all three (modelassay pad)");
        } else if (patterns > 0) {
            add(
                    "padding-partial",
                    mlp,
                    "The zero channels of each MLP are not in all three projections: " + places,
                    "pad the original again, all three projections of every layer (modelassay pad)");
        }
    }

    private static boolean isDead(Zeros zeros, int size) {
        return zeros.gate().cardinality() == size
                || zeros.up().cardinality() == size
                || zeros.down().cardinality() == size;
    }

    /** Zero channels that nobody but a padding tool makes: at the end, after every channel, or the same in many layers. */
    private static boolean isPattern(BitSet zeros, int size, int layers) {
        int count = zeros.cardinality();
        return count >= PaddingOrder.LEAST_CHANNELS
                && count <= size / 2
                && (layers > 1 || PaddingOrder.of(zeros, size) != PaddingOrder.OTHER);
    }

    private static String describe(BitSet zeros, int size) {
        return isPattern(zeros, size, 1)
                ? zeros.cardinality() + " " + PaddingOrder.of(zeros, size).label()
                : zeros.isEmpty() ? "none" : zeros.cardinality() + " scattered";
    }

    private Optional<Zeros> zeros(Sizes sizes, int size) {
        Optional<BitSet> gate = zeroRows(sizes.mlp().gate());
        Optional<BitSet> down = zeroColumns(sizes.mlp().down());
        if (gate.isEmpty() || down.isEmpty()) {
            return Optional.empty();
        }
        if (sizes.mlp().fused()) {
            return Optional.of(new Zeros(gate.get().get(0, size), gate.get().get(size, 2 * size), down.get()));
        }
        return zeroRows(sizes.mlp().up()).map(up -> new Zeros(gate.get(), up, down.get()));
    }

    private Optional<BitSet> zeroRows(String module) {
        return zeros(module, ZeroBytes::rows, DecodedZeros.Channels::rows);
    }

    private Optional<BitSet> zeroColumns(String module) {
        return zeros(module, ZeroBytes::columns, DecodedZeros.Channels::columns);
    }

    private interface Picked<T> {
        BitSet of(T all);
    }

    private Optional<BitSet> zeros(String module, Picked<ZeroBytes> ofStored, Picked<DecodedZeros.Channels> ofDecoded) {
        Optional<PackedWeight> packed = stored.find(module + ".weight");
        if (packed.isEmpty()) {
            return checkpoint.find(module + ".weight").map(tensor -> ofStored.of(ZeroBytes.in(checkpoint, tensor)));
        }
        return decoded == null ? Optional.empty() : Optional.of(ofDecoded.of(decoded.in(packed.get())));
    }

    private void add(String id, String subject, String message, String nextStep) {
        findings.add(new Finding(id, severity, subject, message, nextStep));
    }
}
