package io.modelassay.cli;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.WholeFile;
import io.modelassay.diagnosis.Diagnosis;
import io.modelassay.diagnosis.OperationRange;
import io.modelassay.diagnosis.Place;
import io.modelassay.diagnosis.Procedure;
import io.modelassay.diagnosis.Setting;
import io.modelassay.diagnosis.SettingTable;
import io.modelassay.diagnosis.TypedPass;
import io.modelassay.diagnosis.WeightRange;
import io.modelassay.quantizer.Calibration;
import io.modelassay.report.ProgressLine;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Whether a model survives being quantized. */
@Command(
        name = "diagnose",
        description =
                "Tell before a quantization whether NaN or infinities would come of it, where, and what cures it.")
final class DiagnoseVerb extends Verb {
    private static final int BAR = 32;

    @Parameters(paramLabel = "FOLDER", description = "The model's folder.")
    private Path folder = Path.of("");

    @Mixin
    private CalibrationOptions calibration = new CalibrationOptions();

    @Option(
            names = "--method",
            paramLabel = "METHOD",
            description = {
                "Judge one setting: gptq, rtn, autoawq, autoawq-before-0.2.6 or float-scales;",
                "by default all of them are searched."
            })
    private @Nullable String method;

    @Option(names = "--bits", paramLabel = "B", defaultValue = "4", description = "Of that method; 4 by default.")
    private int bits;

    @Option(
            names = "--group-size",
            paramLabel = "G",
            defaultValue = "128",
            description = "Of that method, -1 for whole channels; 128 by default.")
    private int groupSize;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = {
                "Type that the method computes in: fp32, bf16 or fp16. By default the type of its tools: fp16 for gptq and",
                "autoawq, the model's own for rtn and float-scales."
            })
    private @Nullable DType dtype;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "auto",
            description = "cpu, gpu, or auto (a GPU where there is one; the default).")
    private Device device = Device.AUTO;

    @Option(names = "--html", paramLabel = "FILE", description = "Also write the result as one HTML page.")
    private @Nullable Path html;

    /** What {@code diagnose --json} prints. */
    record Document(
            List<Attention> attention,
            String calibration,
            List<FindingDocument> findings,
            List<Operation> operations,
            List<Pass> passes,
            List<Judged> settings,
            long tokens,
            List<Weight> weights) {}

    /** The largest magnitude of an operation. */
    record Operation(
            double absMax,
            long channel,
            double headRoom,
            int layer,
            String module,
            int position,
            int tokenId,
            int window) {}

    /** Scores of a layer's attention. */
    record Attention(
            double absMax, double keyBias, String module, double ofBiases, double queryBias, double roundingInHalf) {}

    /** A place, null where there is none. */
    record Where(long channel, String module, int position, int tokenId, int window) {
        static @Nullable Where of(Optional<Place> place) {
            return place.map(at -> new Where(at.channel(), at.module(), at.position(), at.tokenId(), at.window()))
                    .orElse(null);
        }
    }

    /** A forward pass in one type. */
    record Pass(
            @Nullable Where beyondHalf,
            boolean clean,
            String dtype,
            @Nullable Where nonFinite) {}

    /** A setting and what makes it fail. */
    record Judged(int bits, List<String> causes, boolean clean, String dtype, int groupSize, String method) {}

    /** Magnitudes of a weight. */
    record Weight(
            double absMax, List<GroupCounts> groups, String module, long overflows, long underflows, int zeroColumns) {}

    /** Groups of one size. */
    record GroupCounts(long count, int groupSize, long lost, Map<Integer, Long> vanishingScales, long zero) {}

    @Override
    Outcome run(ProgressLine progress) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            Optional<Setting> setting = setting(checkpoint);
            Calibration flowing = calibration
                    .read(checkpoint, this)
                    .orElseThrow(() -> misused("--calibration: a diagnosis needs what flows through the model"));
            Diagnosis diagnosis = Diagnosis.of(checkpoint, flowing, device, progress);
            List<Finding> findings = setting.map(diagnosis::findings).orElseGet(diagnosis::findings);
            if (html != null) {
                write(html, DiagnosisPage.of(String.valueOf(folder.getFileName()), diagnosis, findings));
            }
            return new Outcome(
                    document(diagnosis, findings),
                    text(diagnosis, findings, setting),
                    findings.stream().noneMatch(finding -> finding.severity() == Severity.ERROR));
        }
    }

    private Optional<Setting> setting(Checkpoint checkpoint) {
        try {
            return Optional.ofNullable(method).map(Procedure::named).map(procedure -> {
                DType asTools = procedure.computeType(DType.AUTO.resolve(checkpoint.config()));
                return new Setting(procedure, bits, groupSize, dtype == null ? asTools : dtype);
            });
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw misused("--method: ", e);
        }
    }

    private static void write(Path file, String page) {
        try {
            WholeFile.write(file, page);
        } catch (IOException e) {
            throw new UncheckedIOException("The page " + file + " cannot be written", e);
        }
    }

    private static Document document(Diagnosis diagnosis, List<Finding> findings) {
        List<Judged> settings = new ArrayList<>();
        diagnosis
                .settings()
                .forEach((setting, causes) -> settings.add(new Judged(
                        setting.bits(),
                        causes,
                        causes.isEmpty(),
                        name(setting.dtype()),
                        setting.groupSize(),
                        setting.procedure().id())));
        return new Document(
                diagnosis.attentionScores().stream()
                        .map(score -> new Attention(
                                score.largest(),
                                score.keyBias(),
                                score.module(),
                                score.ofBiases(),
                                score.queryBias(),
                                score.roundingInHalf()))
                        .toList(),
                diagnosis.calibration(),
                FindingDocument.of(findings),
                diagnosis.ranges().stream().map(DiagnoseVerb::operation).toList(),
                diagnosis.passes().stream()
                        .map(pass -> new Pass(
                                Where.of(pass.beyondHalf()),
                                pass.isClean(),
                                name(pass.dtype()),
                                Where.of(pass.nonFinite())))
                        .toList(),
                settings,
                diagnosis.tokens(),
                diagnosis.weights().stream().map(DiagnoseVerb::weight).toList());
    }

    private static Operation operation(OperationRange range) {
        Place at = range.place();
        return new Operation(
                range.largest(),
                at.channel(),
                range.headRoom(),
                range.layer(),
                at.module(),
                at.position(),
                at.tokenId(),
                at.window());
    }

    private static Weight weight(WeightRange weight) {
        List<GroupCounts> groups = new ArrayList<>();
        weight.groups()
                .forEach((size, counts) -> groups.add(
                        new GroupCounts(counts.count(), size, counts.lost(), counts.vanishingScales(), counts.zero())));
        return new Weight(
                weight.largest(),
                groups,
                weight.module(),
                weight.overflows(),
                weight.underflows(),
                weight.zeroColumns().cardinality());
    }

    private String text(Diagnosis diagnosis, List<Finding> findings, Optional<Setting> setting) {
        Layout layout = new Layout().title(folder.toString());
        setting.ifPresent(judged -> layout.fact("setting", judged.toString()));
        layout.fact("calibration", Layout.plural(diagnosis.tokens(), "token") + " of " + diagnosis.calibration());
        for (TypedPass pass : diagnosis.passes()) {
            layout.fact(
                    name(pass.dtype()),
                    pass.nonFinite()
                            .map(place -> "not finite from " + place.module() + " at " + place)
                            .or(() -> pass.beyondHalf()
                                    .map(place -> "finite; beyond float16 from " + place.module() + " at " + place))
                            .orElse("clean"));
        }
        layout.title("Head-room to 65504, powers of two");
        layout.table(
                List.of(">layer", "", ">2^", ">largest", "operation"),
                diagnosis.layers().stream().map(DiagnoseVerb::row).toList());
        SettingTable table = SettingTable.of(diagnosis);
        layout.title("Bits that are clean, by group size");
        layout.table(table.heads(), table.rows());
        return layout.findings(findings).toString();
    }

    private static List<String> row(OperationRange range) {
        double headRoom = range.headRoomBits();
        int length = (int) Math.round(Math.max(0, Math.min(BAR, headRoom * 2)));
        return List.of(
                String.valueOf(range.layer()),
                "█".repeat(length),
                Layout.decimal(headRoom, 1),
                String.format(Locale.ROOT, "%.4g", range.largest()),
                range.place().module());
    }

    private static String name(DType dtype) {
        return dtype.name().toLowerCase(Locale.ROOT);
    }
}
