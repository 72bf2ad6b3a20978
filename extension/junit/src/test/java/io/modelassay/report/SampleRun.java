package io.modelassay.report;

import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.ComparisonCheck;
import io.modelassay.evaluation.Estimate;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Limit;
import io.modelassay.evaluation.Measure;
import io.modelassay.evaluation.Observation;
import io.modelassay.evaluation.Origin;
import io.modelassay.evaluation.Perplexity;
import io.modelassay.evaluation.Provenance;
import io.modelassay.evaluation.Subject;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A run of a small suite, as a customer's would look; {@code main} writes its report for a look in a browser. */
final class SampleRun {
    static final String TEXT = "held-out.txt";
    static final String HOSTILE = "<script>alert('x')</script> & \"quotes\" </pre>";

    private SampleRun() {}

    public static void main(String[] args) {
        RunReport report = RunReport.in(Path.of(args[0]));
        fill(report);
        report.write();
        report.summary().forEach(System.out::println);
    }

    static void fill(RunReport report) {
        drift(report, "Qwen2-0.5B as int8 per channel RTN", 0.04, 0.02, 1.5, 0.0004, 0.991, 0.004);
        drift(report, "Qwen2-0.5B as int4 g128 RTN", 11.42, 0.61, 12.0, 0.0713, 0.914, 0.061);
        drift(report, "Qwen2-0.5B as int4 per channel RTN", 24.85, 1.02, 18.0, 0.1630, 0.861, 0.094);
        drift(report, "Qwen2-0.5B as nf4", 6.37, 0.44, 12.0, 0.0467, 0.931, 0.048);
        drift(report, "Qwen2-0.5B as nf4 double-quantized", 6.61, 0.45, 12.0, 0.0481, 0.930, 0.049);
        drift(report, "Qwen2-0.5B as fp8 per channel", -0.12, 0.14, 4.0, 0.0061, 0.972, 0.018);
        drift(report, "Qwen2-0.5B as int2 g64 RTN", 18230.5, 911.0, Double.NaN, 8.91, 0.021, 0.83);
        report.checked(none("Qwen2-0.5B", "weights without NaN", 0, "tensors", "290 tensors scanned"));
        report.checked(none("Qwen2-0.5B", "missing keys", 0, "keys", "291 parameters expected"));
        report.checked(Figure.reported(
                subject("Qwen2-0.5B as int2 g64 RTN"),
                new Observation("mean KL divergence", Measure.KL_DIVERGENCE, new Estimate(Double.NaN, 0), "nats"),
                Origin.NONE));
        for (String name : List.of("survivesInt8", "survivesNf4", "loadsCleanly", "hasNoNaNs")) {
            report.tested("QwenQuantizationTest." + name, "passed", "");
        }
        report.tested("QwenQuantizationTest.runsOnGpu", "aborted", "no GPU: PyTorch 2.7.1 sees none");
        report.tested("QwenQuantizationTest.survivesInt4PerChannel", "failed", """
                Expecting model <Qwen2-0.5B as int4 per channel RTN> to have perplexity drift of at most 18.00 % against <Qwen2-0.5B (bf16)>
                but drift was 24.85 % ± 1.02 % (reference 12.3100, this 15.3690, 16384 tokens of held-out.txt)
                Largest share: model.layers.3.mlp.down_proj (relative output error 0.31; next 0.04)
                  device CPU, bf16, PyTorch 2.7.1, checkpoint sha256 3f1c…
                Try: act-order, or keep = {"model.layers.3.mlp.down_proj"}""");
    }

    static void drift(
            RunReport report,
            String model,
            double percent,
            double error,
            double limit,
            double kl,
            double top1,
            double layerError) {
        Comparison comparison = comparison(percent, error, kl, top1, layerError);
        report.compared(subject(model), TEXT, comparison);
        if (!Double.isNaN(limit)) {
            report.checked(ComparisonCheck.DRIFT.judge(
                    subject(model), comparison, limit, Origin.of(TEXT, comparison.subject())));
        }
    }

    /** The names of these models say what was done to them. */
    static Subject subject(String model) {
        int as = model.lastIndexOf(" as ");
        return as < 0
                ? Subject.stored(model)
                : new Subject(model, model.substring(0, as), model.substring(as + 4), null, false);
    }

    /** A check that none of {@code things} is there. */
    static Figure none(String model, String check, long found, String things, String basis) {
        return Figure.judged(
                Subject.stored(model),
                Observation.count(check, found, things),
                new Limit(0, Limit.Direction.AT_MOST, things),
                Origin.of(basis));
    }

    static Comparison comparison(double percent, double error, double kl, double top1, double layerError) {
        Provenance provenance = new Provenance(Device.CPU, DType.BF16, "PyTorch 2.7.1");
        String protocol = "non-overlapping-2048-drop-tail/1";
        Perplexity reference = new Perplexity(12.31, 0.21, 16384, protocol, provenance);
        Perplexity subject = new Perplexity(12.31 * (1 + percent / 100), 0.24, 16384, protocol, provenance);
        List<Comparison.LayerError> layers = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            double bump = i == 3 ? 3 : 1 + 0.03 * i + 0.1 * Math.sin(i * 2.0);
            layers.add(new Comparison.LayerError("model.layers." + i, layerError * bump));
        }
        return new Comparison(
                reference,
                subject,
                percent,
                error,
                new Estimate(kl, kl / 60),
                new Estimate(top1, Math.sqrt(top1 * (1 - top1) / 16384)),
                layers);
    }
}
