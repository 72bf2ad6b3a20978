package io.modelassay.cli;

import io.modelassay.matrix.CellSettings;
import io.modelassay.matrix.LibraryMatrix;
import io.modelassay.matrix.Stack;
import io.modelassay.matrix.Suite;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A library matrix as options of a verb. */
final class MatrixOptions {
    @Option(names = "--suite", paramLabel = "FOLDER", description = "A compiled Maven module with tests; repeatable.")
    private List<Path> suites = new ArrayList<>();

    @Option(
            names = "--stack",
            paramLabel = "SPEC",
            description = {
                "Versions that replace the suite's own, such as djl=0.32.0,junit=6.0.1; repeatable.",
                "Keys: djl, pytorch, tokenizers, junit, assertj, GROUP:ARTIFACT[:CLASSIFIER], java, prepend, name."
            })
    private List<String> stacks = new ArrayList<>();

    @Option(
            names = "--baseline",
            paramLabel = "NAME",
            defaultValue = "",
            description = "Name or only version of the stack that others are compared with; the first by default.")
    private String baseline = "";

    @Option(
            names = "--select",
            paramLabel = "TESTS",
            description = "A class, a package or CLASS#METHOD; repeatable; all test classes by default.")
    private List<String> selected = new ArrayList<>();

    @Option(names = "--include-tag", paramLabel = "TAG", description = "Only tests of this tag expression; repeatable.")
    private List<String> includedTags = new ArrayList<>();

    @Option(names = "--exclude-tag", paramLabel = "TAG", description = "No tests of this tag expression; repeatable.")
    private List<String> excludedTags = new ArrayList<>();

    @Option(
            names = "--parallel",
            paramLabel = "N",
            defaultValue = "1",
            description = "Cells at once, if their memory limits fit the budget; 1 by default.")
    private int parallel;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            defaultValue = "4g",
            description = "Most memory of a cell, mapped files not counted; 4g by default.")
    private String memory = "";

    @Option(
            names = "--memory-budget",
            paramLabel = "SIZE",
            description = "Memory of all cells at once; 3/4 of what is available by default.")
    private @Nullable String budget;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "10m",
            description = "Most time of a cell, such as 90s, 10m (the default) or 1h.")
    private String timeout = "";

    @Option(
            names = "--heap",
            paramLabel = "SIZE",
            defaultValue = "512m",
            description = "Java heap of a cell; 512m by default.")
    private String heap = "";

    @Option(names = "--jvm-arg", paramLabel = "ARG", description = "An argument of the cells' JVMs; repeatable.")
    private List<String> jvmArguments = new ArrayList<>();

    @Option(names = "--config", paramLabel = "KEY=VALUE", description = "A JUnit configuration parameter; repeatable.")
    private Map<String, String> configuration = new LinkedHashMap<>();

    @Option(names = "--offline", description = "Ask no repository; take artifacts from the local one only.")
    private boolean offline;

    /** The matrix that the options describe. */
    LibraryMatrix matrix(Verb verb) {
        if (suites.isEmpty() || stacks.isEmpty()) {
            throw verb.misused("--suite and --stack: a matrix needs at least one of each");
        }
        LibraryMatrix matrix = LibraryMatrix.of(suite(suites.get(0)));
        suites.subList(1, suites.size()).forEach(suite -> matrix.suite(suite(suite)));
        stacks.forEach(spec -> matrix.stack(Stack.parse(spec)));
        matrix.baseline(baseline).parallel(parallel).settings(settings());
        if (budget != null) {
            matrix.memoryBudget(CellSettings.bytes(budget));
        }
        return matrix;
    }

    private Suite suite(Path folder) {
        return Suite.ofModule(folder)
                .select(selected.toArray(String[]::new))
                .includeTags(includedTags.toArray(String[]::new))
                .excludeTags(excludedTags.toArray(String[]::new));
    }

    private CellSettings settings() {
        return new CellSettings(
                CellSettings.bytes(memory),
                CellSettings.time(timeout),
                CellSettings.bytes(heap),
                jvmArguments,
                configuration,
                offline);
    }
}
