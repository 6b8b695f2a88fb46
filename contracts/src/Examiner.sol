// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IDisputes } from "./interfaces/IDisputes.sol";
import { Finding, IExaminer, Question } from "./interfaces/IExaminer.sol";
import { Citation, Evaluation, Evidence, IReferee, OutputCitation, Ruling } from "./interfaces/IReferee.sol";
import { Outcome } from "./interfaces/IResults.sol";
import { Distances } from "./libraries/Distances.sol";
import { Exhibits } from "./libraries/Exhibits.sol";
import { Merkle } from "./libraries/Merkle.sol";
import { Meter } from "./libraries/Meter.sol";
import { Specs } from "./libraries/Specs.sol";
import { Widening } from "./libraries/Widening.sol";
import { Answer, ClaimTerms, Demand, Exhibit, Run, StepProof, Subject } from "./types/Dispute.sol";
import { Rfp } from "./types/Job.sol";
import { ModelSpec, TensorSpec } from "./types/Model.sol";
import { DType64 } from "./types/Step.sol";

/// @title Examiner
/// @notice See {IExaminer}.
contract Examiner is IExaminer {
    uint256 internal constant STEP_ITEM_BYTES = 8;
    uint256 internal constant MAX_LEAVES = 64;
    uint256 internal constant MAX_RUNS = 8;

    IReferee public immutable referee;

    constructor(IReferee referee_) {
        referee = referee_;
    }

    // Claims

    function compare(
        Rfp calldata rfp,
        bytes calldata spec,
        ClaimTerms calldata terms,
        Exhibit calldata exhibit,
        bytes32 root
    ) external view returns (Finding memory finding) {
        ModelSpec memory model = _modelOf(rfp.modelId, spec);
        require(
            terms.item < rfp.itemCount && terms.output < model.outputs.length
                && terms.element < Specs.elementsOf(model.outputs[terms.output]),
            IDisputes.NoSuchPlace(terms.item, terms.output, terms.element)
        );
        bytes32 inputs = Merkle.entryRoot(exhibit.inputs, terms.item, rfp.itemCount, exhibit.inputsPath);
        require(inputs == rfp.inputRoot, IDisputes.BadOpening());
        finding.outcome = Distances.outcomeOf(
            model.outputs[terms.output].dtype,
            _committedElement(rfp.itemCount, model, terms, exhibit, root),
            _canonicalElement(model, terms, exhibit),
            model.tolerances[terms.output],
            model.voidOnly
        );
        require(finding.outcome != Outcome.None, IDisputes.WithinAccept());
        (finding.depth, finding.tokens) = (model.depth, Meter.tokensOf(spec) + _tokensOf(exhibit));
    }

    function judge(bytes32 modelId, bytes calldata spec, bytes32 trace, bytes32 inputs, Evidence calldata evidence)
        external
        view
        returns (Ruling ruling, uint256 tokens)
    {
        ruling = referee.judge(Specs.evaluationOf(_modelOf(modelId, spec), trace, inputs), evidence);
        tokens = Meter.tokensOf(spec) + Meter.tokensOf(evidence);
    }

    function judgeRecord(
        bytes32 modelId,
        bytes calldata spec,
        uint256 index,
        bytes calldata record,
        bytes32[] calldata path
    ) external view returns (Ruling ruling, uint256 tokens) {
        ruling = referee.judgeRecord(_programOf(modelId, spec), index, record, path);
        tokens = Meter.tokensOf(spec) + Meter.tokensOf(record) + Meter.tokensOf(path);
    }

    function judgeCitation(bytes32 modelId, bytes calldata spec, Citation calldata citation)
        external
        view
        returns (Ruling ruling, uint256 tokens)
    {
        ruling = referee.judgeCitation(_programOf(modelId, spec), citation);
        tokens = Meter.tokensOf(spec) + Meter.tokensOf(citation.record) + Meter.tokensOf(citation.recordPath)
            + Meter.tokensOf(citation.named) + Meter.tokensOf(citation.namedPath);
    }

    function judgeOutput(
        bytes32 modelId,
        bytes calldata spec,
        uint256 output,
        StepProof calldata outputs,
        StepProof calldata step
    ) external view returns (Ruling ruling, uint256 tokens) {
        ModelSpec memory model = _modelOf(modelId, spec);
        require(output < model.outputs.length, IDisputes.NoSuchPlace(0, output, 0));
        TensorSpec memory tensor = model.outputs[output];
        ruling = referee.judgeOutput(
            Specs.evaluationOf(model, 0, 0),
            OutputCitation(output, outputs.record, outputs.path, step.record, step.path),
            Specs.elementsOf(tensor),
            Widening.widened(tensor.dtype) == DType64.FLOAT
        );
        tokens = Meter.tokensOf(spec) + Meter.tokensOf(outputs) + Meter.tokensOf(step);
    }

    // Lines

    function demandOfTrace(
        bytes32 modelId,
        bytes calldata spec,
        bytes32 trace,
        Run[] calldata runs,
        StepProof[] calldata proofs
    ) external view returns (Question memory question) {
        require(runs.length == proofs.length, IDisputes.BadDemand());
        ModelSpec memory model = _modelOf(modelId, spec);
        Run[] memory measured = runs;
        question.tokens = Meter.tokensOf(spec);
        Evaluation memory evaluation = Specs.evaluationOf(model, 0, 0);
        for (uint256 k = 0; k < proofs.length; ++k) {
            (uint256 elements,) = referee.stepOf(evaluation, runs[k].tensor, proofs[k].record, proofs[k].path);
            _measure(measured[k], Merkle.leafCount(elements * STEP_ITEM_BYTES));
            question.tokens += Meter.tokensOf(proofs[k]);
        }
        _requireSize(measured);
        question.demand = Demand(Subject.Trace, trace, 0, 0, model.steps, measured);
        question.depth = model.depth;
    }

    function demandOfItem(
        Rfp calldata rfp,
        bytes calldata spec,
        Subject subject,
        uint32 item,
        bytes32 root,
        Run[] calldata runs
    ) external pure returns (Question memory question) {
        ModelSpec memory model = _modelOf(rfp.modelId, spec);
        require(item < rfp.itemCount, IDisputes.NoSuchPlace(item, 0, 0));
        TensorSpec[] memory tensors = subject == Subject.Result ? model.outputs : model.inputs;
        Run[] memory measured = runs;
        for (uint256 k = 0; k < runs.length; ++k) {
            require(runs[k].tensor < tensors.length, IDisputes.BadDemand());
            _measure(measured[k], Specs.leavesOf(tensors[runs[k].tensor]));
        }
        _requireSize(measured);
        // forge-lint: disable-next-line(unsafe-typecast)
        question.demand = Demand(subject, root, item, rfp.itemCount, uint32(tensors.length), measured);
        (question.depth, question.tokens) = (model.depth, Meter.tokensOf(spec));
    }

    function answers(Demand calldata demand, Answer calldata given)
        external
        view
        returns (bool well, uint256 size, uint256 tokens)
    {
        well = Exhibits.answers(demand, given);
        (size, tokens) = Exhibits.measure(given);
    }

    // Models

    /// The model of this id; it must have a program.
    function _modelOf(bytes32 modelId, bytes calldata spec) private pure returns (ModelSpec memory model) {
        require(keccak256(spec) == modelId, IDisputes.WrongModel(modelId));
        model = abi.decode(spec, (ModelSpec));
        require(model.programRoot != 0, IDisputes.WrongModel(modelId));
    }

    function _programOf(bytes32 modelId, bytes calldata spec) private pure returns (Evaluation memory) {
        return Specs.evaluationOf(_modelOf(modelId, spec), 0, 0);
    }

    // Elements

    function _committedElement(
        uint256 itemCount,
        ModelSpec memory model,
        ClaimTerms calldata terms,
        Exhibit calldata exhibit,
        bytes32 batch
    ) private view returns (uint64 bits) {
        TensorSpec memory tensor = model.outputs[terms.output];
        bytes32 root;
        (bits, root) = Exhibits.element(
            exhibit.committed, terms.element, Widening.sizeOf(tensor.dtype), Specs.elementsOf(tensor)
        );
        root = Merkle.entryRoot(root, terms.output, model.outputs.length, exhibit.committed.path);
        root = Merkle.entryRoot(root, terms.item, itemCount, exhibit.itemPath);
        require(root == batch, IDisputes.BadOpening());
    }

    /// The element of the step that is the output. Its tree is as deep as the declared shape makes it: a program whose step
    /// holds something else is invalid, which `judgeOutput` shows.
    function _canonicalElement(ModelSpec memory model, ClaimTerms calldata terms, Exhibit calldata exhibit)
        private
        view
        returns (uint64 bits)
    {
        uint256 step = referee.outputOf(
            Specs.evaluationOf(model, 0, 0), terms.output, exhibit.outputsRecord, exhibit.outputsPath
        );
        bytes32 root;
        (bits, root) = Exhibits.element(
            exhibit.canonical, terms.element, STEP_ITEM_BYTES, Specs.elementsOf(model.outputs[terms.output])
        );
        root = Merkle.entryRoot(root, step, model.steps, exhibit.canonical.path);
        require(root == terms.trace, IDisputes.BadOpening());
    }

    function _tokensOf(Exhibit calldata exhibit) private pure returns (uint256) {
        return Meter.tokensOf(exhibit.outputsRecord) + Meter.tokensOf(exhibit.outputsPath)
            + Meter.tokensOf(exhibit.committed) + Meter.tokensOf(exhibit.itemPath) + Meter.tokensOf(exhibit.canonical)
            + Meter.tokensOf(exhibit.inputsPath);
    }

    // Runs

    /// INVARIANT: what is demanded exists, so that whoever holds the data can answer.
    function _measure(Run memory run, uint256 leaves) private pure {
        require(run.count > 0 && uint256(run.first) + run.count <= leaves, IDisputes.BadDemand());
        // Of a tensor of at most 2^40 elements.
        // forge-lint: disable-next-line(unsafe-typecast)
        run.leaves = uint40(leaves);
    }

    function _requireSize(Run[] memory runs) private pure {
        uint256 leaves;
        for (uint256 k = 0; k < runs.length; ++k) {
            leaves += runs[k].count;
        }
        require(runs.length > 0 && runs.length <= MAX_RUNS && leaves <= MAX_LEAVES, IDisputes.BadDemand());
    }
}
