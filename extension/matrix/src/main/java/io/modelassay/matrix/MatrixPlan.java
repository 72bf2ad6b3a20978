package io.modelassay.matrix;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.checkpoint.WholeFile;
import io.modelassay.matrix.result.CellResult;
import io.modelassay.matrix.result.MatrixResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** The cells of a matrix, and what they share: the document {@code plan.json} of its report. */
@API(status = API.Status.EXPERIMENTAL)
public final class MatrixPlan {
    /** The form of the document. */
    public static final String SCHEMA = "modelassay-matrix/1";

    private static final String FILE = "plan.json";

    private final List<Suite> suites;
    private final List<Stack> stacks;
    private final Stack baseline;
    private final CellSettings settings;
    private final List<Cell> cells;

    private MatrixPlan(
            List<Suite> suites, List<Stack> stacks, Stack baseline, CellSettings settings, List<Cell> cells) {
        this.suites = List.copyOf(suites);
        this.stacks = List.copyOf(stacks);
        this.baseline = baseline;
        this.settings = settings;
        this.cells = List.copyOf(cells);
    }

    /**
     * Every suite under every stack.
     *
     * @param baseline name or only version of the stack that others are compared with; empty for the first
     * @throws MatrixException if names are not unique, or a suite cannot be read
     */
    public static MatrixPlan of(List<Suite> suites, List<Stack> stacks, String baseline, CellSettings settings) {
        if (suites.isEmpty() || stacks.isEmpty()) {
            throw new MatrixException(
                    MatrixProblem.NOTHING_TO_RUN,
                    "A matrix needs a suite and a stack, it has " + suites.size() + " and " + stacks.size(),
                    "--suite FOLDER --stack djl=0.35.1");
        }
        List<Cell> cells = new ArrayList<>();
        for (Suite suite : suites) {
            for (Stack stack : stacks) {
                cells.add(Cell.of(suite, stack, settings));
            }
        }
        checkUnique(cells);
        return new MatrixPlan(suites, stacks, baseline(stacks, baseline), settings, cells);
    }

    private static void checkUnique(List<Cell> cells) {
        Set<String> ids = new HashSet<>();
        for (Cell cell : cells) {
            if (!ids.add(cell.id())) {
                throw new MatrixException(
                        MatrixProblem.DUPLICATE_NAME,
                        "Two cells have the name " + cell.id(),
                        "another name of the suite, or name=NAME in the stack");
            }
        }
    }

    private static Stack baseline(List<Stack> stacks, String asked) {
        if (asked.isEmpty()) {
            return stacks.get(0);
        }
        List<Stack> found =
                stacks.stream().filter(stack -> stack.answersTo(asked)).toList();
        if (found.size() != 1) {
            throw new MatrixException(
                    MatrixProblem.UNKNOWN_BASELINE,
                    (found.isEmpty() ? "No stack" : "More than one stack") + " is called " + asked,
                    "one of "
                            + String.join("; ", stacks.stream().map(Stack::name).toList()));
        }
        return found.get(0);
    }

    static MatrixPlan restored(
            List<Suite> suites, List<Stack> stacks, Stack baseline, CellSettings settings, List<Cell> cells) {
        return new MatrixPlan(suites, stacks, baseline, settings, cells);
    }

    /** The suites, in the order they were given. */
    public List<Suite> suites() {
        return suites;
    }

    /** The stacks, in the order they were given. */
    public List<Stack> stacks() {
        return stacks;
    }

    /** The stack that others are compared with. */
    public Stack baseline() {
        return baseline;
    }

    /** How the cells run. */
    public CellSettings settings() {
        return settings;
    }

    /** Every suite under every stack, suites first. */
    public List<Cell> cells() {
        return cells;
    }

    /**
     * One cell.
     *
     * @throws MatrixException if there is none of this id
     */
    public Cell cell(String id) {
        return cells.stream()
                .filter(cell -> cell.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new MatrixException(
                        MatrixProblem.UNKNOWN_CELL,
                        "The plan has no cell " + id,
                        "one of "
                                + String.join("; ", cells.stream().map(Cell::id).toList())));
    }

    /** What {@code plan.json} holds, its paths relative to {@code report}: a record for {@link JsonText}. */
    public Record document(Path report) {
        return PlanDocument.of(this, report);
    }

    /** Writes {@code plan.json}, as a whole. */
    public void write(Path report) {
        try {
            Files.createDirectories(report);
            WholeFile.write(report.resolve(FILE), JsonText.of(document(report)));
        } catch (IOException e) {
            throw new UncheckedIOException("The plan in " + report + " cannot be written", e);
        }
    }

    /**
     * The plan of a report.
     *
     * @throws MatrixException if there is none, or it cannot be read
     */
    public static MatrixPlan read(Path report) {
        Path file = report.resolve(FILE);
        try {
            PlanDocument document = CellFolder.JSON.readValue(file.toFile(), PlanDocument.class);
            if (document == null || !SCHEMA.equals(document.schema())) {
                throw invalid(file, "has not the schema " + SCHEMA, null);
            }
            return document.plan(report);
        } catch (IOException | NullPointerException | IllegalArgumentException e) {
            throw invalid(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    /** What the cells have left in {@code report}, in their order, of this plan. */
    public List<CellResult> results(Path report) {
        return cells.stream()
                .map(cell -> CellFolder.result(report, cell.id())
                        .filter(result -> result.digest().equals(cell.digest())))
                .flatMap(Optional::stream)
                .toList();
    }

    /** What the results in {@code report} come to; a cell that has left none is lost. */
    public MatrixResult result(Path report) {
        return MatrixResult.of(
                baseline.name(),
                stacks.stream().map(Stack::name).toList(),
                suites.stream().map(Suite::name).toList(),
                results(report));
    }

    private static MatrixException invalid(Path file, String why, @Nullable Exception cause) {
        return new MatrixException(
                MatrixProblem.INVALID_PLAN, "The plan " + file + " " + why, "modelassay matrix plan", cause);
    }
}
