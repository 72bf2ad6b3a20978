package io.modelassay.matrix.result;

import io.modelassay.matrix.result.TestResult.Outcome;
import io.modelassay.report.FigureLine.Sketch;
import io.modelassay.runtime.TensorSketch.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A matrix as a customer's would look; {@code main} writes its report for a look in a browser. */
final class SampleMatrix {
    private static final String[] SCHEMES = {"int8 per channel RTN", "int4 g128 RTN", "nf4", "fp8 per channel"};
    private static final double[] DRIFTS = {0.04, 7.2, 6.4, -0.1};
    private static final String FAILURE = """
            Expecting model <Qwen2-0.5B as nf4> to have perplexity drift of at most 8.00 % against <Qwen2-0.5B bf16>
            but drift was 11.42 % ± 0.61 % (reference 12.3100, this 13.7158, 16384 tokens of held-out.txt)
            Largest share: model.layers.3.mlp.down_proj (relative output error 0.31; next 0.04)
              device CPU, bf16, PyTorch 2.5.1, checkpoint sha256 3f1c…
            Try: act-order, or keep = {"model.layers.3.mlp.down_proj"}""";

    private SampleMatrix() {}

    public static void main(String[] args) {
        MatrixResult matrix = of();
        matrix.writeTo(Path.of(args[0]));
        matrix.summary().forEach(System.out::println);
    }

    static MatrixResult of() {
        return Cells.matrix(
                healthy("djl 0.35.1", "2.7.1", 0),
                healthy("djl 0.34.0", "2.7.1", 1e-4).took(21.2, 1_300_000_000L),
                regressed(),
                lost(),
                adapters("djl 0.35.1"),
                adapters("djl 0.34.0"),
                adapters("djl 0.32.0").failed("trains", "integers are asked for gradients"),
                adapters("djl 0.27.0"));
    }

    private static Cells healthy(String stack, String pytorch, double rounding) {
        Cells cell = libraries(Cells.of(stack), stack, pytorch);
        for (String test : List.of("hasNoNaNs", "loadsCleanly", "survives[int4 g128 RTN]", "survives[nf4]")) {
            cell.test(test, Outcome.PASSED);
        }
        cell.test("runsOnGpu", Outcome.ABORTED, "no GPU: PyTorch " + pytorch + " sees none", "");
        cell.failed("loadsInOldTransformers", "KeyError 'model.layers.0.mlp.gate_proj' after 12 ms");
        return figures(cell, rounding, 0, 0);
    }

    private static Cells regressed() {
        String stack = "djl 0.32.0";
        Cells cell = libraries(Cells.of(stack), stack, "2.5.1");
        for (String test : List.of("hasNoNaNs", "loadsCleanly", "survives[int4 g128 RTN]")) {
            cell.test(test, Outcome.PASSED);
        }
        cell.failed("survives[nf4]", FAILURE);
        cell.test("runsOnGpu", Outcome.ABORTED, "no GPU: PyTorch 2.5.1 sees none", "");
        cell.test("loadsInOldTransformers", Outcome.PASSED);
        cell.note("standard output was cut in the middle: 9.1 MiB");
        return figures(cell, 1e-3, 4.2, 0.013).took(13.1, 1_310_000_000L);
    }

    private static Cells lost() {
        String stack = "djl 0.27.0";
        Cells cell = libraries(Cells.of(stack), stack, "2.1.1");
        cell.test("hasNoNaNs", Outcome.PASSED);
        cell.test("loadsCleanly", Outcome.UNFINISHED);
        for (String test : List.of("survives[int4 g128 RTN]", "survives[nf4]", "runsOnGpu", "loadsInOldTransformers")) {
            cell.test(test, Outcome.NOT_RUN);
        }
        return cell.ended(
                        CellOutcome.CRASHED,
                        "the JVM ended by signal 6 (abort). Try: read cells/qwen-tests@djl_0.27.0/stderr.log",
                        "QwenTest.loadsCleanly")
                .took(3.2, 640_000_000L);
    }

    private static Cells adapters(String stack) {
        return Cells.of(stack)
                .inSuite("adapter-tests")
                .test("matchesKeys", Outcome.PASSED)
                .test("changesOutputs", Outcome.PASSED)
                .took(4.4, 900_000_000L);
    }

    private static Cells libraries(Cells cell, String stack, String pytorch) {
        String djl = stack.substring("djl ".length());
        return cell.library("ai.djl:api", djl)
                .library("ai.djl.pytorch:pytorch-engine", djl)
                .library("ai.djl.pytorch:pytorch-native-cpu:linux-x86_64", pytorch)
                .library("org.junit.jupiter:junit-jupiter-api", "5.14.1");
    }

    private static Cells figures(Cells cell, double rounding, double moreDrift, double wrongWeight) {
        for (int i = 0; i < SCHEMES.length; i++) {
            double drift = DRIFTS[i] + rounding + (SCHEMES[i].equals("nf4") ? moreDrift : 0);
            double[] layers = new double[24];
            for (int layer = 0; layer < layers.length; layer++) {
                double bump = layer == 3 && moreDrift > 0 && SCHEMES[i].equals("nf4") ? 4 : 1;
                layers[layer] = bump * (0.02 + 0.001 * layer + 0.004 * Math.sin(layer * 2.0)) * (1 + rounding / 10);
            }
            cell.compared(
                    "Qwen2-0.5B as " + SCHEMES[i],
                    "bf16",
                    12.31 * (1 + drift / 100),
                    drift,
                    0.002 * (1 + Math.abs(drift)),
                    0.95,
                    layers);
        }
        return cell.traced("Qwen2-0.5B as nf4", "bf16", tensors(rounding, wrongWeight));
    }

    private static Sketch[] tensors(double rounding, double wrongWeight) {
        List<Sketch> tensors = new ArrayList<>();
        for (int layer = 0; layer < 24; layer++) {
            for (String module : List.of("self_attn.q_proj", "self_attn.o_proj", "mlp.down_proj")) {
                boolean wrong = wrongWeight > 0 && (layer > 3 || (layer == 3 && module.startsWith("mlp")));
                String name = "model.layers." + layer + "." + module;
                tensors.add(Cells.sketch(name + ".weight", Kind.WEIGHT, wrong && layer == 3 ? wrongWeight : 0));
                double noise = rounding * (1 + Math.abs(Math.sin(layer + module.length()))) * Math.sqrt(1 + layer);
                tensors.add(Cells.sketch(name, Kind.OUTPUT, wrong ? noise + 0.09 / (layer - 1) : noise));
            }
        }
        return tensors.toArray(Sketch[]::new);
    }
}
