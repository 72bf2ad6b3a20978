package io.modelassay.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.apiguardian.api.API;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line. Exit codes: 0 holds, 1 a finding of error severity, 2 usage, 3 the artifact can't be read, 4 no telling. */
@API(status = API.Status.EXPERIMENTAL)
@Command(
        name = "modelassay",
        description = "Tests LLM model artifacts: what is stored, whether it is finite, and how well it predicts.",
        subcommands = {
            InspectVerb.class,
            ScanVerb.class,
            EvaluateVerb.class,
            DecodeVerb.class,
            PadVerb.class,
            DiagnoseVerb.class,
            QuantizeVerb.class,
            PredictVerb.class,
            MatrixVerb.class,
            AutoComplete.GenerateCompletion.class
        },
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "VERB",
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Exit codes: 0 everything holds, 1 a finding of error severity, 2 wrong usage,",
            "3 the artifact can't be read, 4 there is no telling (predict)."
        })
public final class Main {
    static final int HOLDS = 0;
    static final int FINDING = 1;
    static final int USAGE = 2;
    static final int UNREADABLE = 3;
    static final int NOT_COVERED = 4;

    private Main() {}

    /** Runs a verb and ends the JVM with its exit code. */
    public static void main(String[] args) {
        PrintStream standard = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        // What a library prints must not get into a JSON document.
        System.setOut(System.err);
        int code = run(new PrintWriter(standard, false, StandardCharsets.UTF_8), errors(), args);
        standard.flush();
        System.exit(code);
    }

    private static PrintWriter errors() {
        return new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    }

    /**
     * Runs a verb.
     *
     * @param out takes the verb's result: text, or one JSON document
     * @param err takes progress and error messages
     * @return the exit code
     */
    public static int run(PrintWriter out, PrintWriter err, String... args) {
        return run(verbs(), out, err, args);
    }

    static CommandLine verbs() {
        return new CommandLine(new Main());
    }

    static int run(CommandLine line, PrintWriter out, PrintWriter err, String... args) {
        line.setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(Failures::misuse)
                .setExecutionExceptionHandler(Failures::report);
        int code = args.length == 0 ? usage(line) : line.execute(args);
        out.flush();
        err.flush();
        return code;
    }

    private static int usage(CommandLine line) {
        line.usage(line.getErr());
        return USAGE;
    }

    /** The version from the jar's manifest. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"modelassay " + (version == null ? "(unpackaged)" : version)};
        }
    }
}
