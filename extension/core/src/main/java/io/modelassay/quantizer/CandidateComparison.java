package io.modelassay.quantizer;

import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.StagedDecoder;
import io.modelassay.runtime.Tensor;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Candidates for a stage's weights, compared by how far the block's output over the calibration is from the float one. All
 * see the same tokens, in the same pieces of 128, so one that is behind the best of them in piece after piece gives up
 * between two batches: when the mean of the differences is five times its standard error.
 *
 * <p>The float outputs stay in memory, as large as the hidden states.
 */
final class CandidateComparison implements AutoCloseable {
    private static final int FEWEST_PIECES = 8;
    private static final double STANDARD_ERRORS = 5;

    private final Kernels kernels;
    private final StagedDecoder.Stage stage;
    private final List<Tensor> outputs = new ArrayList<>();
    private List<Double> best = List.of();

    CandidateComparison(Kernels kernels, StagedDecoder.Stage stage) {
        this.kernels = kernels;
        this.stage = stage;
        try (StagedDecoder.Block block = stage.block(Map.of())) {
            stage.inputs((windows, input) -> outputs.add(block.output(input)));
        }
    }

    /**
     * The mean squared error of the output with {@code candidates} in place, by module; of one that gives up, the best's
     * and the mean by which it was behind.
     */
    double run(Map<String, Tensor> candidates) {
        Map<String, Tensor> weights = new HashMap<>();
        candidates.forEach((module, weight) -> weights.put(module + ".weight", weight));
        List<Double> losses = new ArrayList<>();
        int[] batch = {0};
        try (StagedDecoder.Block block = stage.block(weights)) {
            stage.inputs((windows, input) -> {
                if (!fallsBehind(losses)) {
                    try (Tensor output = block.output(input);
                            Tensor errors = kernels.call("squared_differences", output, outputs.get(batch[0]++))) {
                        DoubleStream.of(kernels.doubles(errors)).forEach(losses::add);
                    }
                }
            });
        }
        boolean whole = batch[0] == outputs.size();
        double total = whole ? sum(losses) : sum(best) + behind(losses).getAverage() * best.size();
        if (whole && (best.isEmpty() || total < sum(best))) {
            best = losses;
        }
        return total / outputs.stream().mapToLong(Tensor::elements).sum();
    }

    private static double sum(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).sum();
    }

    private DoubleSummaryStatistics behind(List<Double> losses) {
        return IntStream.range(0, losses.size())
                .mapToDouble(i -> losses.get(i) - best.get(i))
                .summaryStatistics();
    }

    private boolean fallsBehind(List<Double> losses) {
        int count = losses.size();
        if (count < FEWEST_PIECES || best.isEmpty()) {
            return false;
        }
        double mean = behind(losses).getAverage();
        double squares = IntStream.range(0, count)
                .mapToDouble(i -> Math.pow(losses.get(i) - best.get(i) - mean, 2))
                .sum();
        return mean > STANDARD_ERRORS * Math.sqrt(squares / (count - 1) / count);
    }

    @Override
    public void close() {
        outputs.forEach(Tensor::close);
    }
}
