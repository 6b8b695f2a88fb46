// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Claims } from "./Claims.sol";
import { Docket } from "./Docket.sol";
import { Lines } from "./Lines.sol";
import { IExaminer } from "./interfaces/IExaminer.sol";
import { IMarket } from "./interfaces/IMarket.sol";
import { IResults } from "./interfaces/IResults.sol";
import { DisputeParams } from "./types/Dispute.sol";

/// @title Disputes
/// @notice See {IDisputes}.
/// @dev It calls our own contracts only, and changes its books before it moves money.
contract Disputes is Claims, Lines {
    constructor(IMarket market_, IResults results_, IExaminer examiner_, DisputeParams memory p)
        Docket(market_, results_, examiner_, p)
    { }
}
