package io.modelassay.cli;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.compatibility.AdapterPredictor;
import io.modelassay.compatibility.Effect;
import io.modelassay.compatibility.Library;
import io.modelassay.compatibility.LibraryVersion;
import io.modelassay.compatibility.Prediction;
import io.modelassay.report.ProgressLine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a version of a library makes of an artifact. */
@Command(
        name = "predict",
        description = "Say how a version of a library would load an adapter on a model, from their files.",
        footer = {
            "",
            "Exit codes: 0 it loads and does what its files say, 1 it does not, 2 wrong usage,",
            "3 the model can't be read, 4 not covered: the version or the method is not known here."
        })
final class PredictVerb extends Verb {
    @Parameters(paramLabel = "FOLDER", description = "The base model's folder.")
    private Path folder = Path.of("");

    @Option(
            names = "--adapter",
            paramLabel = "FOLDER",
            required = true,
            description = "The PEFT adapter's folder, whole or not.")
    private Path adapter = Path.of("");

    @Option(
            names = "--with",
            paramLabel = "PACKAGE==VERSION",
            required = true,
            description =
                    "peft==0.13.2; where it matters transformers==4.57.6, which is assumed otherwise, and bitsandbytes==0.41.2.")
    private List<String> with = List.of();

    /** What {@code predict --json} prints. */
    record Document(
            @Nullable String answeredAs,
            String cause,
            String cure,
            @Nullable String effect,
            String exception,
            String kind,
            String library,
            String message,
            List<String> mismatched,
            List<String> missing,
            String outcome,
            List<String> unexpected,
            String version,
            List<String> warnings) {

        static Document of(Prediction prediction) {
            return new Document(
                    prediction.answeredAs().map(LibraryVersion::toString).orElse(null),
                    prediction.cause(),
                    prediction.cure(),
                    prediction.effect().map(Effect::label).orElse(null),
                    prediction.exception(),
                    prediction.kind(),
                    prediction.library().packageName(),
                    prediction.message(),
                    prediction.mismatched(),
                    prediction.missing(),
                    prediction.outcome().name(),
                    prediction.unexpected(),
                    prediction.version().toString(),
                    prediction.warnings());
        }
    }

    @Override
    Verb.Outcome run(ProgressLine progress) {
        Map<Library, LibraryVersion> versions = versions();
        LibraryVersion peft = versions.get(Library.PEFT);
        if (peft == null) {
            throw misused("--with names no version of peft, such as peft==0.13.2, and PEFT is what loads an adapter");
        }
        if (!Files.isDirectory(adapter)) {
            throw misused("--adapter: there is no folder " + adapter);
        }
        try (Checkpoint base = Checkpoint.open(folder)) {
            AdapterPredictor predictor = AdapterPredictor.of(adapter, base);
            for (Map.Entry<Library, LibraryVersion> installed : versions.entrySet()) {
                if (installed.getKey() != Library.PEFT) {
                    predictor = predictor.with(installed.getKey(), installed.getValue());
                }
            }
            Prediction prediction = predictor.predict(peft);
            return new Verb.Outcome(Document.of(prediction), text(prediction), code(prediction));
        }
    }

    /** What is not known here says nothing against the adapter. */
    private static int code(Prediction prediction) {
        return prediction.outcome() == io.modelassay.compatibility.Outcome.NOT_COVERED
                ? Main.NOT_COVERED
                : prediction.works() ? Main.HOLDS : Main.FINDING;
    }

    private Map<Library, LibraryVersion> versions() {
        Map<Library, LibraryVersion> versions = new EnumMap<>(Library.class);
        for (String named : with) {
            int at = named.indexOf("==");
            Library library = Library.of(at < 0 ? named : named.substring(0, at).strip())
                    .orElseThrow(() -> misused("--with \"" + named
                            + "\": known are peft, transformers and bitsandbytes, each as" + " PACKAGE==VERSION"));
            if (at < 0) {
                throw misused("--with \"" + named + "\" lacks the version, as in " + named + "==0.13.2");
            }
            try {
                versions.put(library, LibraryVersion.of(named.substring(at + 2)));
            } catch (IllegalArgumentException e) {
                throw misused("--with \"" + named + "\": ", e);
            }
        }
        return versions;
    }

    private String text(Prediction prediction) {
        Layout layout = new Layout()
                .title(adapter + " in " + prediction.library().packageName() + " " + prediction.version())
                .fact("outcome", prediction.summary());
        if (prediction
                .answeredAs()
                .filter(known -> !known.equals(prediction.version()))
                .isPresent()) {
            layout.fact("answered as", String.valueOf(prediction.answeredAs().get()));
        }
        fact(layout, "cause", prediction.cause());
        fact(layout, "refused", String.join(", ", prediction.mismatched()));
        fact(layout, "missing", String.join(", ", prediction.missing()));
        fact(layout, "dropped", String.join(", ", prediction.unexpected()));
        fact(layout, "try", prediction.cure());
        return layout.toString();
    }

    private static void fact(Layout layout, String name, String value) {
        if (!value.isEmpty()) {
            layout.fact(name, value);
        }
    }
}
