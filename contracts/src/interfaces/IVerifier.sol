// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Verifier
/// @notice What EZKL generates for a circuit: checks that a zk-SNARK proves public instances.
/// @dev Its generated source lacks `view`, but it writes nothing; a static call sees to that.
interface IVerifier {
    /// @notice Reverts, or tells false, unless `proof` proves that the circuit holds for `instances`, elements of the
    /// scalar field of BN254.
    function verifyProof(bytes calldata proof, uint256[] calldata instances) external view returns (bool);
}
